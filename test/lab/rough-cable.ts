// A rough cable between the edge and the server, beside the good one: it delays every frame, some more than others so that their
// order changes, and loses some. A program does it with two TAP devices, as not every kernel has netem.
import { labFile, type Lab } from "./lab.ts";
import { program } from "./programs.ts";
import { shortPlace } from "./topology.ts";

export const roughAddresses = { edge: "10.9.0.1", server: "10.9.0.5" } as const;

const script = `
import fcntl, heapq, os, random, select, struct, sys, time
delay, jitter, loss = (float(each) for each in sys.argv[1:4])
random.seed(7)
def tap(name):
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, 0x400454ca, struct.pack("16sH", name, 0x1002))
    return descriptor
near, far = tap(b"near"), tap(b"far")
print("ready", flush=True)
waiting, number = [], 0
while True:
    now = time.monotonic()
    while waiting and waiting[0][0] <= now:
        _, _, descriptor, frame = heapq.heappop(waiting)
        try: os.write(descriptor, frame)
        except OSError: pass
    for descriptor in select.select([near, far], [], [], waiting[0][0] - now if waiting else None)[0]:
        frame = os.read(descriptor, 65536)
        if random.random() < loss: continue
        number += 1
        due = time.monotonic() + delay + random.random() * jitter
        heapq.heappush(waiting, (due, number, far if descriptor == near else near, frame))
`;

/** Times in seconds, loss as a share. The cable ends with the lab. */
export async function layRoughCable(lab: Lab, delay: number, jitter: number, loss: number): Promise<void> {
  const { path, env } = await program("python3");
  const file = await labFile(lab, "rough-cable.py", script);
  const running = lab.start("edge", [path, "-u", file, ...[delay, jitter, loss].map(String)], { env });
  await running.line(/^ready$/);
  const must = async (place: "edge" | "server", ...command: string[]): Promise<void> => {
    const { status, stderr } = await lab.run(place, command);
    if (status !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  };
  await must("edge", "ip", "link", "set", "far", "netns", `${lab.name}-${shortPlace.server}`);
  for (const [place, device, address] of [
    ["edge", "near", roughAddresses.edge],
    ["server", "far", roughAddresses.server],
  ] as const) {
    await must(place, "ip", "addr", "add", `${address}/24`, "dev", device);
    await must(place, "ip", "link", "set", device, "up");
  }
}
