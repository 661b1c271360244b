// The clients of a load as a process of their own: `load-client.ts ADDRESS PORT LOGINS-PER-SECOND TRANSFERS`. SIGTERM ends them; then the
// tally is printed as JSON.
import { once } from "node:events";
import { startLoad } from "./load.ts";

const [host = "127.0.0.1", port = "0", logins = "0", transfers = "0"] = process.argv.slice(2);
const load = startLoad(host, Number(port), Number(logins), Number(transfers));
await once(process, "SIGTERM");
await load.stop();
console.log(JSON.stringify(load.tally));
