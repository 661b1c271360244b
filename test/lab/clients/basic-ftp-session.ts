// A session of the library basic-ftp, as a program of its own in the client's namespace.
import { readFileSync, statSync } from "node:fs";
import { Client } from "basic-ftp";
import { patienceSeconds, type Step, type VisitTls } from "./client.ts";

type Told = { host: string; port: number; user: string; password: string; steps: Step[]; tls?: VisitTls };

const told = JSON.parse(Buffer.from(process.argv[2] ?? "", "base64").toString()) as Told;
const client = new Client(patienceSeconds * 1000);
client.ftp.verbose = true;
// Names are the bytes that the steps name.
client.ftp.encoding = "latin1";

async function play(step: Step): Promise<void> {
  switch (step.kind) {
    case "list":
      for (const entry of await client.list()) console.log(entry.name);
      return;
    case "download":
      await client.downloadTo(step.local, step.remote);
      return;
    case "resume":
      await client.downloadTo(step.local, step.remote, statSync(step.local).size);
      return;
    case "upload":
      await client.uploadFrom(step.local, step.remote);
      return;
    case "rename":
      await client.rename(step.from, step.to);
      return;
    case "delete":
      await client.remove(step.remote);
      return;
  }
}

async function access({ host, port, user, password, tls }: Told): Promise<void> {
  const secure = tls && {
    secure: tls.security === "implicit" ? ("implicit" as const) : true,
    secureOptions: { ca: readFileSync(tls.ca), minVersion: tls.version, maxVersion: tls.version },
  };
  await client.access({ host, port, user, password, ...secure });
  client.ftp.encoding = "latin1";
}

try {
  await access(told);
  for (const step of told.steps) {
    // Under TLS the empty upload ends now and then with a bare FIN, directly too, which a strict peer answers with a break.
    if (client.closed) await access(told);
    await play(step).catch((error: unknown) => console.log(`failed: ${String(error)}`));
  }
} catch (error) {
  console.log(`failed: ${String(error)}`);
} finally {
  client.close();
}
