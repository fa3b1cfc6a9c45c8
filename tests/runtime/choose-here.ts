/** A process that says what it would compute on, and why on nothing better. */
import { chooseRuntime } from '../../native/runtime/providers.ts';

const runtime = await chooseRuntime({});
const { provider, notes } = runtime;
process.stdout.write(`${JSON.stringify({ provider, notes })}\n`, () => process.exit(0));
