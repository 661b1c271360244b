// ABOR during a transfer (D3.50): what it takes until a real server acts on it. Asked directly, vsftpd and ProFTPD answer
// when the data connection has ended and not before, whatever form the ABOR has.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone, titleOfServer } from "./availability.ts";
import { startGateway } from "./gateway.ts";
import { createLab, type Lab } from "./lab.ts";
import { program } from "./programs.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type ServerKind } from "./servers/server.ts";
import { addresses } from "./topology.ts";

const kinds = ["vsftpd", "ProFTPD", "Pure-FTPd"] as const satisfies readonly ServerKind[];
const obstacle = await obstacleTo(...kinds, "python3");
const titles = await Promise.all(kinds.map(async (kind) => [await titleOfServer(kind), kind] as const));

/** Starts a transfer, aborts it, and prints what is answered and when: seconds, replies, the data's end, the next reply. */
const script = `
import json, select, socket, sys, time
host, user, password, form, transfer = sys.argv[1:]
control = socket.create_connection((host, 21), 5)
text = b""
def reply(seconds=5):
    global text
    limit = time.time() + seconds
    while True:
        lines = text.split(b"\\r\\n")
        for index, line in enumerate(lines[:-1]):
            if line[:3].isdigit() and line[3:4] == b" ":
                text = b"\\r\\n".join(lines[index + 1:])
                return line.decode("latin1")
        if not select.select([control], [], [], max(0, limit - time.time()))[0]: return None
        chunk = control.recv(65536)
        if not chunk: return "END"
        text += chunk
def ask(line):
    control.sendall(line.encode() + b"\\r\\n")
    return reply()
reply(); ask("USER " + user); ask("PASS " + password); ask("TYPE I")
numbers = ask("PASV").split("(")[1].split(")")[0].split(",")
data = socket.socket()
data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
data.connect((host, int(numbers[4]) * 256 + int(numbers[5])))
ask("STOR up.bin" if transfer == "upload" else "RETR big.bin")
if transfer == "upload": data.sendall(b"x" * 100000)
else: data.recv(1000)
time.sleep(0.2)
began = time.time()
if form == "plain": control.sendall(b"ABOR\\r\\n")
else:
    control.sendall(b"\\xff\\xf4")
    control.send(b"\\xff", socket.MSG_OOB)
    control.sendall(b"\\xf2ABOR\\r\\n")
replies = [reply()]
seconds = time.time() - began
try:
    data.settimeout(5)
    while data.recv(1 << 20): pass
    end = "fin"
except OSError as error: end = type(error).__name__
control.sendall(b"NOOP\\r\\n")
while replies[-1] is not None and not replies[-1].startswith("200"): replies.append(reply())
print(json.dumps({"seconds": seconds, "end": end, "codes": [one and one[:3] for one in replies]}))
`;

type Outcome = { readonly seconds: number; readonly end: string; readonly codes: readonly (string | null)[] };

async function abort(lab: Lab, host: string, form: string, transfer: string): Promise<Outcome> {
  const { path: python, env } = await program("python3");
  const args = [host, account.user, account.password, form, transfer];
  const { stdout, stderr } = await lab.run("client", [python, "-c", script, ...args], { env, timeoutMs: 40_000 });
  if (stdout.length === 0) throw new Error(stderr.toString());
  return JSON.parse(stdout.toString()) as Outcome;
}

beforeEach((context) => requireNone(obstacle, context));

describe.each(titles)("%s", (_, kind) => {
  let lab: Lab;
  beforeAll(async () => {
    if (obstacle !== undefined) return;
    lab = await createLab();
    const server = await startServer(lab, kind);
    await writeFile(path.join(server.home, "big.bin"), Buffer.alloc(200 * 2 ** 20));
    await startGateway(lab, [{ listen: ["192.168.1.1:21"], route: { server: `${addresses.server.IPv4}:21` } }]);
  }, 60_000);
  afterAll(() => lab?.remove());

  for (const transfer of ["download", "upload"]) {
    for (const form of ["plain", "after a Telnet synch with urgent data"]) {
      test(`acts at once on an ABOR ${form} during ${transfer === "upload" ? "an" : "a"} ${transfer}, whose data ends as broken`, async () => {
        const { seconds, end, codes } = await abort(lab, addresses.edgeToClient.IPv4, form, transfer);
        // Pure-FTPd calls the end of a download that was broken a 150, and answers the ABOR with 226.
        expect(codes.slice(0, -1).join(" ")).toMatch(/[245]\d\d/);
        expect(seconds).toBeLessThan(3);
        // Pure-FTPd closes an aborted upload itself.
        expect(kind === "Pure-FTPd" ? ["fin", "ConnectionResetError"] : ["ConnectionResetError"]).toContain(end);
        expect(codes.at(-1)).toBe("200");
      }, 60_000);
    }
  }
});
