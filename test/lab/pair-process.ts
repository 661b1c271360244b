// The two ends of a pair of gateways, each a process in its namespace: a server with one large file, and a client that downloads it slowly
// and holds another session that is idle. What happens to them is told in lines of JSON.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { dialData, openDialogue, portOf, type Dialogue } from "../gateway/ftp-dialogue.ts";
import { largeFile } from "./large-file.ts";

const tell = (line: object): void => void process.stdout.write(`${JSON.stringify({ at: Date.now(), ...line })}\n`);

async function serve(address: string): Promise<void> {
  await startFtpServer({ listen: { address, port: 21 }, files: { large: largeFile() } });
  tell({ event: "serving" });
}

function tellReset(name: string, { socket }: Dialogue): void {
  socket.on("error", ({ message }) => tell({ event: "control", name, message }));
  socket.on("end", () => tell({ event: "control", name, message: "FIN" }));
}

async function download(address: string): Promise<void> {
  const idle = await openDialogue(21, address);
  await idle.login();
  tellReset("idle", idle);
  const client = await openDialogue(21, address);
  await client.login();
  tellReset("transferring", client);
  const data = await dialData(portOf(await client.ask("PASV")), { host: address });
  client.write("RETR large\r\n");
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of data) {
    bytes += (chunk as Buffer).length;
    hash.update(chunk as Buffer);
    tell({ event: "moved", bytes });
    await sleep((chunk as Buffer).length / 8000);
  }
  tell({ event: "whole", bytes, sha256: hash.digest("hex") });
}

const [, , role, address = ""] = process.argv;
await (role === "serve" ? serve(address) : download(address));
if (role === "serve") await once(process, "never");
