// What one kind of FTP server has to say for itself, so that `startServer` can run it.
import type { Program, ProgramName } from "../programs.ts";

/** The account that every server offers; vsftpd also admits anonymous readers. */
export const account = {
  user: "tester",
  password: "tested",
  uid: 20021,
  gid: 20021,
  /** The password as /etc/shadow has it (SHA-512 crypt). */
  shadow: "$6$ftpalglab$PUEhmDliYg.39bRRptvCgA7IM/msIuqThB7woVnfgd00YkSM4SEGsSYxOth3kZRJLkJF1iv7hubvyqBxPk2lZ1",
} as const;

/** What a server needs to speak TLS. */
export type SiteTls = {
  /** PEM: the certificate, its key, and both in one file. */
  readonly cert: string;
  readonly key: string;
  readonly both: string;
  /** TLS begins with the first byte. */
  readonly isImplicit: boolean;
};

export type Security = "explicit" | "implicit";

export type Site = {
  readonly program: Program;
  /** Folder for the server's own files: configuration, log, pid. */
  readonly folder: string;
  /** Home of the account. */
  readonly home: string;
  readonly port: number;
  /** First and last port for passive data connections. */
  readonly passivePorts: readonly [number, number];
  /** Data connections may go to another address than the control connection's. */
  readonly foreignPorts: boolean;
  /** So many sessions at once; whoever comes then is told 421. Only vsftpd heeds it. */
  readonly mostSessions?: number;
  readonly tls?: SiteTls;
};

export type Launch = {
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
  /** Files of the server's own folder, by name. */
  readonly files?: Record<string, string>;
};

export type Blueprint = {
  /** Name under /etc/pam.d where it looks up the account. */
  readonly pam?: string;
  readonly needs?: readonly ProgramName[];
  /** Modes of data connections that the software itself offers. */
  readonly modes: readonly ("active" | "passive")[];
  /** How it speaks TLS, if it does, and the programs that it needs for that. */
  readonly security?: readonly Security[];
  readonly needsForTls?: readonly ProgramName[];
  launch(site: Site, needed: Readonly<Record<string, Program>>): Launch;
};
