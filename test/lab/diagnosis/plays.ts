// What is played in several rows: clients and servers that do as they are told, up to where the failure is.
import { addresses } from "../topology.ts";
import { active, exchange, logIn, passive, retrieve, tryConnect, type Play } from "./stage.ts";

/** Ten ports from here, as the configuration has them. */
export const range = (first: number): string => `${first}-${first + 9}`;

/** PASV and RETR; the client's data connection goes to what it was told. */
export async function download(play: Play, from?: string): Promise<void> {
  const session = await logIn(play);
  const told = await passive(session, play.serverOwn);
  tryConnect(play.stage.client, told, from);
  await retrieve(session);
}

/** PORT and LIST; the server does as it is told, or not. */
export async function list(play: Play, connect?: { from?: string }): Promise<void> {
  const session = await logIn(play);
  const told = await active(session, play.clientOwn);
  if (connect === undefined) await exchange(session, "LIST", "150 Here it comes");
  else {
    tryConnect(play.stage.server, told, connect.from);
    session.control.write("LIST\r\n");
  }
}

/** The client has come; the server's data port is what it is. */
export async function reachServer(play: Play, announced?: string): Promise<void> {
  const session = await logIn(play);
  tryConnect(play.stage.client, await passive(session, play.serverOwn, announced));
  session.control.write("RETR a\r\n");
}

/** A data connection that is made: the client's end and the server's. */
export async function joined(play: Play) {
  const { stage, serverOwn } = play;
  const data = await stage.server.listen(addresses.server.IPv4, serverOwn);
  const session = await logIn(play);
  const told = await passive(session, serverOwn);
  const accepting = data.accept();
  const client = await stage.client.connect(told.host, told.port);
  const server = await accepting;
  await retrieve(session);
  return { session, client, server };
}
