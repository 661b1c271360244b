// The soak's server as a process of its own, in a place of a lab: the arguments are its address and port.
import { startSoakServer } from "./gateway.ts";

const [host = "", port] = process.argv.slice(2);
await startSoakServer(host, Number(port));
process.stdout.write("listening\n");
