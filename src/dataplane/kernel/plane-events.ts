// Events of a kernel plane: each conntrack event goes to the pinhole that its connection's number names. Where events were lost,
// the kernel is asked for all connections instead.
import { descriptorReader } from "../../sockets/descriptor-reader.ts";
import { errnoName } from "../../sockets/system-calls.ts";
import { type EventStream, openEventStream } from "./events/event-stream.ts";
import type { Marks } from "./marks.ts";
import type { NatPinhole } from "./nat-pinhole.ts";
import { byNumber, type NatRegistry } from "./nat-registry.ts";
import type { Netfilter } from "./netlink/netfilter.ts";
import type { Note } from "./plane-preparation.ts";

type Settings = {
  readonly marks: Marks;
  readonly note: Note;
  readonly bufferBytes: number | undefined;
  /** No event will come any more. */
  readonly failed: (reason: string) => void;
};

/** The stream, or why there is none. */
export function openPlaneEvents(
  netfilter: Netfilter,
  registry: NatRegistry<NatPinhole>,
  { marks, note, bufferBytes, failed }: Settings,
): EventStream | string {
  const readDescriptor = descriptorReader(netfilter.calls);
  if (readDescriptor === undefined) return "this version of Node has no handle that reads a netlink socket";
  const resynchronise = () => resynchroniseAll(netfilter, registry, marks.numbers, note);
  const stream = openEventStream(
    netfilter.calls,
    readDescriptor,
    { marks, bufferBytes },
    {
      event: (event) => registry.find((event.connection.mark & marks.numbers) >>> 0)?.event(event),
      lost: resynchronise,
      failed(errno) {
        failed(`no conntrack events any more: ${errnoName(errno)}`);
        resynchronise();
      },
      isWanted: () => !registry.isEmpty(),
    },
  );
  return "errno" in stream ? `no conntrack events: ${errnoName(stream.errno)}` : stream;
}

/** Every pinhole is told what the kernel knows of it now. */
export function resynchroniseAll(
  netfilter: Pick<Netfilter, "list">,
  registry: Pick<NatRegistry<Pick<NatPinhole, "resynchronise">>, "all">,
  numbers: number,
  note: Note,
): void {
  const connections = netfilter.list();
  if (typeof connections === "number") {
    return note("warn", `conntrack events were lost, and the kernel does not answer: ${errnoName(connections)}`);
  }
  note("info", "conntrack events were lost; the kernel was asked instead");
  const found = byNumber(connections, numbers);
  for (const [number, pinhole] of registry.all()) pinhole.resynchronise(found.get(number) ?? []);
}
