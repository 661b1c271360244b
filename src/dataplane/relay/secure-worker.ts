// Secure worker: the program of the thread that data connections under TLS live in, so that what encrypts keeps no control line waiting.
// Their sockets are borrowed: it writes and reads, and the main thread closes them.
import { type MessagePort, parentPort } from "node:worker_threads";
import type { Secured } from "../../net/tls.ts";
import { borrowSocket } from "../../sockets/borrowed-socket.ts";
import { createLegOpener, type LegTls } from "../../tls/leg-tls.ts";
import type { SessionEntry } from "../../tls/session-store.ts";
import type { Side } from "../pinhole.ts";
import type { CarriageEnd } from "../userspace/carriage.ts";
import { createReadBuffers } from "./read-buffers.ts";
import { carrySecurely } from "./secure-carriage.ts";
import type { SecureCarriage } from "./secure-pair.ts";

export type SecureOrder =
  | {
      readonly kind: "add";
      readonly id: number;
      /** Descriptors. */
      readonly client: number;
      readonly server: number;
      readonly isSecured: Readonly<Record<Side, boolean>>;
      readonly counters: Float64Array;
      /** Bytes that were already read from the server's socket. */
      readonly head?: Uint8Array | undefined;
    }
  | { readonly kind: "ready"; readonly id: number; readonly side: Side; readonly tls?: LegTls | undefined }
  | { readonly kind: "abort" | "close unused"; readonly id: number };

export type SecureReport =
  | { readonly kind: "secured"; readonly id: number; readonly side: Side; readonly secured: Secured }
  | { readonly kind: "no close_notify"; readonly id: number; readonly side: Side }
  | { readonly kind: "learned"; readonly id: number; readonly entry: SessionEntry }
  | { readonly kind: "delivered"; readonly id: number }
  /** Nothing touches the sockets any more. */
  | {
      readonly kind: "ended";
      readonly id: number;
      readonly end: CarriageEnd;
      readonly hasFin: Readonly<Record<Side, boolean>>;
      readonly detail?: string | undefined;
    };

type AddOrder = Extract<SecureOrder, { kind: "add" }>;

if (parentPort) serve(parentPort);

function serve(port: MessagePort): void {
  const carried = new Map<number, SecureCarriage>();
  const deps = { buffers: createReadBuffers(), openLeg: createLegOpener() };
  const report = (told: SecureReport): void => port.postMessage(told);

  port.on("message", (order: SecureOrder) => {
    if (order.kind === "add") return add(order);
    const carriage = carried.get(order.id);
    if (order.kind === "ready") carriage?.ready(order.side, order.tls);
    else if (order.kind === "abort") carriage?.abort();
    else carriage?.closeUnused();
  });

  function add({ id, isSecured, counters, head, ...descriptors }: AddOrder): void {
    const client = borrowSocket(descriptors.client);
    const server = borrowSocket(descriptors.server);
    if (client === undefined || server === undefined) {
      for (const socket of [client, server]) socket?.destroy();
      const hasFin = { client: false, server: false };
      return report({ kind: "ended", id, end: "aborted", hasFin, detail: "no descriptor is left" });
    }
    if (head !== undefined) server.unshift(head);
    const pair = { client, server, isSecured, counters };
    const carriage = carrySecurely(
      pair,
      {
        secured: (side, secured) => report({ kind: "secured", id, side, secured }),
        noCloseNotify: (side) => report({ kind: "no close_notify", id, side }),
        learned: (entry) => report({ kind: "learned", id, entry }),
        delivered: () => report({ kind: "delivered", id }),
        ended(end, legs, detail) {
          carried.delete(id);
          for (const { socket, tcp = socket } of [legs.client, legs.server]) {
            tcp.on("error", () => {}).destroy();
            // What stands above a stream of ours may wait for its end.
            socket.destroy();
          }
          const hasFin = { client: legs.client.hasFin, server: legs.server.hasFin };
          report({ kind: "ended", id, end, hasFin, detail });
        },
      },
      deps,
    );
    carried.set(id, carriage);
  }
}
