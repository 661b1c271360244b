// Hasty peers: a client that hangs up right after its upload, and a server that answers 425 at once if nobody is in the queue of its
// passive socket, over a cable that takes its time. On loopback the one is too quick to be cut off and the other never too early.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { obstacleTo, requireNone } from "./availability.ts";
import { startGateway, type GatewaySettings, type LabGateway } from "./gateway.ts";
import { startHastyServer, type HastyServer } from "./hasty-server.ts";
import { createLab, labFile, type Lab } from "./lab.ts";
import { noise } from "./operations.ts";
import { program } from "./programs.ts";
import { startPuppet, type Puppet } from "./puppet.ts";
import { layRoughCable, roughAddresses } from "./rough-cable.ts";
import { account } from "./servers/blueprint.ts";
import { startServer, type Server } from "./servers/server.ts";
import { addresses } from "./topology.ts";

const obstacle = await obstacleTo("vsftpd", "nft", "python3");
const edge = addresses.edgeToClient.IPv4;
const planes = ["relay", "splice", "kernel"] as const;
const endings = ["by FIN", "with its replies unread"] as const;

/** An upload without QUIT: all bytes, FIN on data, and the control connection closed at once. */
const script = `
import socket, sys
host, port, mode, ending, size, count, user, password = sys.argv[1:]
body = open("upload.bin", "rb").read()[:int(size)]
def say(control, line):
    control.sendall(line.encode() + b"\\r\\n")
    reply = b""
    while not reply.endswith(b"\\n"): reply += control.recv(4096)
    return reply.decode()
for number in range(int(count)):
    control = socket.create_connection((host, int(port)), 10)
    control.recv(4096)
    say(control, "USER " + user)
    say(control, "PASS " + password)
    say(control, "TYPE I")
    if mode == "passive":
        numbers = say(control, "PASV").split("(")[1].split(")")[0].split(",")
        data = socket.create_connection((host, int(numbers[4]) * 256 + int(numbers[5])), 10)
        control.sendall(b"STOR hasty-%d.bin\\r\\n" % number)
    else:
        own = control.getsockname()[0]
        listener = socket.create_server((own, 0))
        port_number = listener.getsockname()[1]
        say(control, "PORT %s,%d,%d" % (own.replace(".", ","), port_number // 256, port_number % 256))
        control.sendall(b"STOR hasty-%d.bin\\r\\n" % number)
        data = listener.accept()[0]
    if ending == "by FIN": control.recv(4096)
    data.sendall(body)
    data.shutdown(socket.SHUT_WR)
    data.close()
    control.close()
print("done", flush=True)
`;

let lab: Lab;
let hasty: HastyServer;
let vsftpd: Server;
let client: Puppet;
let gateway: LabGateway;
let uploads = 0;

const body = noise("hasty", 3_000_000);
const portOf = (plane: string, server: "near" | "far" | "vsftpd"): number =>
  2100 + planes.indexOf(plane as (typeof planes)[number]) * 10 + ["near", "far", "vsftpd"].indexOf(server);

const entrance = (dataPlane: string, server: "near" | "far" | "vsftpd"): GatewaySettings => ({
  name: `${dataPlane}-${server}`,
  listen: [`${edge}:${portOf(dataPlane, server)}`],
  route: {
    server: {
      near: `${addresses.server.IPv4}:21`,
      far: `${roughAddresses.server}:21`,
      vsftpd: `${addresses.server.IPv4}:2121`,
    }[server],
  },
  dataPlane,
});

async function hangUp(port: number, mode: string, ending: string, size: number, count: number): Promise<void> {
  const { path: python, env } = await program("python3");
  const words = [edge, String(port), mode, ending, String(size), String(count), account.user, account.password];
  const { status, stderr } = await lab.run("client", [python, "hang-up.py", ...words], { env });
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
}

/** What the log has of one entrance. */
const loggedOf = (message: string, name: string) => gateway.logged(message).filter((line) => line["gateway"] === name);

beforeEach((context) => requireNone(obstacle, context));
beforeAll(async () => {
  if (obstacle !== undefined) return;
  lab = await createLab({ edge: "open" });
  await layRoughCable(lab, 0.03, 0, 0);
  hasty = await startHastyServer(lab, 0.4);
  vsftpd = await startServer(lab, "vsftpd", { port: 2121 });
  client = await startPuppet(lab, "client");
  await labFile(lab, "upload.bin", body);
  await labFile(lab, "hang-up.py", script);
  gateway = await startGateway(
    lab,
    planes.flatMap((plane) => (["near", "far", "vsftpd"] as const).map((server) => entrance(plane, server))),
  );
}, 60_000);
afterAll(() => lab?.remove(), 30_000);

describe.each(planes)("the data plane %s", { timeout: 60_000 }, (plane) => {
  test.each(["passive", "active"].flatMap((mode) => endings.map((ending) => [mode, ending] as const)))(
    "leaves a slow server all 3 MB of a client that hangs up: %s, %s (D4.83)",
    async (mode, ending) => {
      const before = loggedOf("session ended", `${plane}-near`).length;
      const over = hasty.over();
      await hangUp(portOf(plane, "near"), mode, ending, body.length, 1);
      expect(await hasty.upload(++uploads)).toEqual({
        bytes: body.length,
        sha256: createHash("sha256").update(body).digest("hex"),
        end: "fin",
        isControlOpen: true,
      });
      await expect.poll(() => hasty.over(), { timeout: 10_000 }).toBe(over + 1);
      await expect.poll(() => loggedOf("session ended", `${plane}-near`).length, { timeout: 10_000 }).toBe(before + 1);
      expect(loggedOf("transfer ended", `${plane}-near`).slice(before)).toMatchObject([{ plane, verb: "STOR" }]);
    },
  );

  test.each(["passive", "active"])(
    "leaves vsftpd ten files of 200 kB of ten clients that hang up: %s (D4.83)",
    async (mode) => {
      const before = loggedOf("session ended", `${plane}-vsftpd`).length;
      await hangUp(portOf(plane, "vsftpd"), mode, "by FIN", 200_000, 10);
      await expect
        .poll(() => loggedOf("session ended", `${plane}-vsftpd`).length, { timeout: 20_000 })
        .toBe(before + 10);
      for (let number = 0; number < 10; number++) {
        const file = await readFile(path.join(vsftpd.home, `hasty-${number}.bin`));
        expect(file.equals(body.subarray(0, 200_000)), `hasty-${number}.bin: ${file.length} bytes`).toBe(true);
      }
    },
  );

  test("sends no transfer command ahead of the data connection to a server 30 ms away (D4.65)", async () => {
    const control = await client.connect(edge, portOf(plane, "far"));
    await control.reply();
    for (const line of ["USER u", "PASS p"]) await control.command(line);
    const replies: string[] = [];
    for (let time = 0; time < 5; time++) {
      const numbers = (await control.command("PASV")).match(/\d+/g)?.map(Number) ?? [];
      const data = await client.connect(edge, (numbers[5] ?? 0) * 256 + (numbers[6] ?? 0));
      replies.push((await control.command("LIST")).slice(0, 3));
      if (replies.at(-1) !== "150") break;
      expect((await data.rest()).toString()).toBe("listed\r\n");
      data.end();
      replies.push((await control.reply()).slice(0, 3));
    }
    expect(replies).toEqual(Array.from({ length: 5 }, () => ["150", "226"]).flat());
    const over = hasty.over();
    control.end();
    await expect.poll(() => hasty.over(), { timeout: 5000 }).toBe(over + 1);
  });
});
