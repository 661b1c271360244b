// Every client of the lab, by name.
import { program, type Program } from "../programs.ts";
import { basicFtp } from "./basic-ftp.ts";
import { inetutilsFtp, tnftp } from "./bsd-ftp.ts";
import type { Client } from "./client.ts";
import { commonsNet } from "./commons-net.ts";
import { curl } from "./curl.ts";
import { aria2, wget } from "./downloaders.ts";
import { filezilla } from "./filezilla.ts";
import { ftplib } from "./ftplib.ts";
import { gnutlsCli } from "./gnutls-cli.ts";
import { lftp } from "./lftp.ts";
import { ncftp } from "./ncftp.ts";
import { netFtp } from "./net-ftp.ts";
import { rclone } from "./rclone.ts";
import { axel, busybox, wput } from "./small-programs.ts";

export const clients = {
  curl,
  lftp,
  "inetutils ftp": inetutilsFtp,
  tnftp,
  ncftp,
  "Python ftplib": ftplib,
  wget,
  aria2,
  rclone,
  "basic-ftp": basicFtp,
  "Perl Net::FTP": netFtp,
  busybox,
  axel,
  wput,
  "gnutls-cli": gnutlsCli,
  "commons-net": commonsNet,
  FileZilla: filezilla,
} as const satisfies Record<string, Client>;

export type ClientName = keyof typeof clients;
export const clientNames = Object.keys(clients) as ClientName[];

export function isTlsOnly(name: ClientName): boolean {
  const client: Client = clients[name];
  return client.isTlsOnly === true;
}

/** Those that are played without TLS. */
export const clearClientNames = clientNames.filter((name) => !isTlsOnly(name));

export async function clientProgram(name: ClientName): Promise<Program | undefined> {
  const client: Client = clients[name];
  for (const need of client.needs ?? []) await program(need);
  return client.program === undefined ? undefined : program(client.program);
}

/** Name and version, for titles. */
export async function clientTitle(name: ClientName): Promise<string> {
  const client: Client = clients[name];
  return client.title ?? `${name} ${(await clientProgram(name))?.version ?? ""}`.trim();
}
