export { methodName, methodText } from '../../native/facts/methods.ts';
