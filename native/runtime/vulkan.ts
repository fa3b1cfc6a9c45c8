import { koffi } from './foreign-functions.ts';

/** A device Vulkan lists. */
export interface VulkanDevice {
  readonly name: string;
  /** Whether it is a driver that computes on the processor, as Mesa's llvmpipe does. */
  readonly software: boolean;
}

/** `VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO`, whose other fields may all be zero. */
const instanceCreateInfo = 1;
const instanceCreateInfoBytes = 64;

/** `VkPhysicalDeviceProperties`: its size with room to spare, and where two of its fields lie. */
const propertiesBytes = 1024;
const deviceTypeOffset = 16;
const deviceNameOffset = 20;
const deviceNameBytes = 256;

/** `VK_PHYSICAL_DEVICE_TYPE_CPU`. */
const cpuDevice = 4;

/**
 * What Vulkan finds on this machine, empty where there is no Vulkan. Drivers are loaded for it, and they may crash:
 * call it in a process that may end.
 */
export function vulkanDevices(): VulkanDevice[] {
  let library;
  try {
    library = koffi.load('libvulkan.so.1');
  } catch {
    return [];
  }
  const createInstance = library.func('vkCreateInstance', 'int', ['void *', 'void *', 'void *']);
  const enumerate = library.func('vkEnumeratePhysicalDevices', 'int', ['void *', 'void *', 'void *']);
  const getProperties = library.func('vkGetPhysicalDeviceProperties', 'void', ['void *', 'void *']);

  const info = new Uint32Array(instanceCreateInfoBytes / 4);
  info[0] = instanceCreateInfo;
  const instance = new BigUint64Array(1);
  if (createInstance(info, null, instance) !== 0) return [];
  const count = new Uint32Array(1);
  enumerate(instance[0], count, null);
  const devices = new BigUint64Array(count[0]);
  if (devices.length === 0) return [];
  enumerate(instance[0], count, devices);
  return Array.from(devices, (device) => {
    const properties = Buffer.alloc(propertiesBytes);
    getProperties(device, properties);
    const name = properties.toString('utf8', deviceNameOffset, deviceNameOffset + deviceNameBytes);
    return {
      name: name.slice(0, name.indexOf('\0')),
      software: properties.readUInt32LE(deviceTypeOffset) === cpuDevice,
    };
  });
}
