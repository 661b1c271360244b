// Hostile sessions, one of each kind in turn: none of them is to leave anything behind.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { dialData, portOf } from "../gateway/ftp-dialogue.ts";
import { clientAddress } from "./gateway.ts";

type Attack = (socket: Socket, address: string) => Promise<void>;

/** The next bytes, or nothing when it takes too long or the connection ends. */
async function heard(socket: Socket): Promise<string> {
  const data = once(socket, "data").then(([chunk]) => String(chunk));
  const over = once(socket, "close").then(() => "");
  const late = sleep(2000, "", { ref: false });
  return await Promise.race([data, over, late]).catch(() => "");
}

async function logIn(socket: Socket): Promise<void> {
  await heard(socket);
  for (const line of ["USER u", "PASS p"]) {
    socket.write(`${line}\r\n`);
    await heard(socket);
  }
}

async function say(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\r\n`);
  return heard(socket);
}

const garbage = (length: number): Buffer => Buffer.from(Array.from({ length }, () => Math.floor(Math.random() * 256)));

export const attacks: Readonly<Record<string, Attack>> = {
  "reset before the greeting": async () => {},
  "reset after the greeting": async (socket) => void (await heard(socket)),
  "reset after USER": async (socket) => {
    await heard(socket);
    await say(socket, "USER u");
  },
  "reset after the login": logIn,
  garbage: async (socket) => {
    socket.write(garbage(4000));
    await heard(socket);
    socket.write(garbage(4000));
    await sleep(50);
  },
  "nothing but LF": async (socket) => {
    socket.write("\n".repeat(5000));
    await sleep(50);
  },
  "an HTTP request": async (socket) => {
    socket.write(`POST /${"a".repeat(5000)} HTTP/1.1\r\nHost: x\r\n\r\nPORT 127,0,0,1,4,1\r\n`);
    await sleep(50);
  },
  "half a line": async (socket) => {
    await logIn(socket);
    socket.write("RETR a file that has no e");
    await sleep(50);
  },
  "one byte at a time": async (socket) => {
    for (const byte of "USER somebody") {
      socket.write(byte);
      await sleep(20);
    }
  },
  "a flood of PASV": async (socket) => {
    await logIn(socket);
    socket.write("PASV\r\n".repeat(60));
    await sleep(100);
  },
  "a flood of PORT": async (socket, address) => {
    await logIn(socket);
    for (let port = 2000; port < 2060; port++)
      socket.write(`PORT ${address.replaceAll(".", ",")},${port >> 8},${port & 255}\r\n`);
    await sleep(100);
  },
  "reset after PASV": async (socket) => {
    await logIn(socket);
    await say(socket, "PASV");
  },
  "reset with a data connection": async (socket, address) => {
    await logIn(socket);
    const data = await dialData(portOf(await say(socket, "PASV")), { localAddress: address });
    data.destroy();
  },
  "reset in the middle of a download": async (socket, address) => {
    await logIn(socket);
    const data = await dialData(portOf(await say(socket, "PASV")), { localAddress: address });
    socket.write("RETR 3000000\r\n");
    await Promise.race([once(data, "data"), sleep(1000)]).catch(() => {});
    data.resetAndDestroy();
  },
  "an upload that stands still": async (socket, address) => {
    await logIn(socket);
    const data = await dialData(portOf(await say(socket, "PASV")), { localAddress: address });
    socket.write("STOR x\r\n");
    await heard(socket);
    data.write(Buffer.alloc(100_000));
    await sleep(50);
    data.resetAndDestroy();
  },
};

const kinds = Object.values(attacks);

async function attack(port: number, number: number): Promise<boolean> {
  const address = clientAddress(number % 5000);
  const socket = connect({ host: "127.0.0.1", port, localAddress: address });
  socket.on("error", () => {});
  const connected = once(socket, "connect").then(
    () => true,
    () => false,
  );
  if (!(await connected)) return false;
  await kinds[number % kinds.length]?.(socket, address);
  if (!socket.destroyed) socket.resetAndDestroy();
  return true;
}

/** Plays so many, some at once. Gives how many could connect. */
export async function playHostile(port: number, count: number, atOnce = 100): Promise<number> {
  let next = 0;
  let connected = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) if (await attack(port, next++)) connected += 1;
    }),
  );
  return connected;
}
