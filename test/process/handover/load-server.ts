// The server of a load as a process of its own: `load-server.ts ADDRESS PORT`. Says `listening`.
import { startLoadServer } from "./load.ts";

const [host = "127.0.0.1", port = "0"] = process.argv.slice(2);
await startLoadServer({ host, port: Number(port) });
console.log("listening");
