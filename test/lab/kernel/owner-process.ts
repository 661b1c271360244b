// A process of its own that owns a table, or says why it does not, and holds the name of the socket by which gateways owned
// it once, until its input ends.
import { once } from "node:events";
import { createServer } from "node:net";
import { ownTable } from "../../../src/dataplane/kernel/nftables/table-owner.ts";
import { loadFfi } from "../../../src/sockets/ffi.ts";
import { bindSystemCalls } from "../../../src/sockets/system-calls.ts";

export type OwnerOptions = { readonly table: string };

const { table } = JSON.parse(process.argv[2] ?? "{}") as OwnerOptions;
const loaded = loadFfi();
if (!loaded.ok) throw new Error(loaded.reason);
const owner = ownTable(bindSystemCalls(loaded.ffi), table, () => {});
const server = createServer().listen(`\0ftp-alg/inet/${table}`);
await once(server, "listening");
process.stdout.write(`${JSON.stringify({ tag: 0, obstacle: "obstacle" in owner ? owner.obstacle : null })}\n`);
process.stdin.resume().on("end", () => process.exit(0));
