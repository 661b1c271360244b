// Written messages, read again to be looked at.
import {
  type Message,
  messageAfter,
  messageAt,
  messageOf,
  viewOf,
} from "../../../../src/dataplane/kernel/netlink/netlink-message.ts";

export function messagesIn(data: Uint8Array): Message[] {
  const view = viewOf(data);
  const messages: Message[] = [];
  for (let at = messageAt(view, 0, data.length); at >= 0; at = messageAfter(view, at, data.length)) {
    messages.push(messageOf(view, at));
  }
  return messages;
}

/** Hexadecimal in pieces that mean something. */
export function joined(...pieces: readonly string[]): string {
  return pieces.join("").replaceAll(/\s/g, "");
}
