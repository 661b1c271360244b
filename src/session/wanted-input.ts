// Wanted input: whose lines a session takes now. What it does not want stays unread, and then the socket too (back-pressure).
import type { ClientEvent, ServerEvent } from "./events.ts";
import type { Session } from "./state.ts";

/** Whether more of the client's lines are wanted now; otherwise its socket is left unread (back-pressure). */
export function wantsClientInput(session: Session): boolean {
  const { heldClient, clientOptions, passthrough, security } = session;
  if (passthrough === "implicit" || security.stage !== undefined) return false;
  if (heldClient.length >= clientOptions.heldCommands || hasEnoughToAnswer(session)) return false;
  return heldClient.length === 0 || heldBytes(heldClient) < bytesLimit(session);
}

/** Likewise for the server. What it says during a hold is bounded. */
export function wantsServerInput(session: Session): boolean {
  const { heldServer } = session;
  if (heldServer.length >= maxHeldReplies) return false;
  return heldServer.length === 0 || heldBytes(heldServer) < bytesLimit(session);
}

const maxHeldReplies = 64;
/** Of lines of one peer that wait; the line that goes beyond it is the last one that is taken. */
const maxHeldBytes = 64 * 1024;

function bytesLimit({ clientOptions }: Session): number {
  return Math.min(maxHeldBytes, clientOptions.heldBytes);
}

function heldBytes(held: readonly (ClientEvent | ServerEvent)[]): number {
  return held.reduce((sum, event) => sum + ("text" in event ? event.text.length : 0), 0);
}

/** So many commands are under way that further ones wait. Those that servers may never answer count for less. */
export function hasEnoughToAnswer({ outstanding, clientOptions: { heldCommands } }: Session): boolean {
  if (outstanding.length < heldCommands) return false;
  if (outstanding.length >= heldCommands * 3 - 2) return true;
  return outstanding.filter(({ optional }) => !optional).length >= heldCommands;
}
