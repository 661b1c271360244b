// Limits and times of a gateway in the configuration file, as zod sees them.
import { z } from "zod";
import type { Rate } from "../gateway/options.ts";
import { count, duration, scalar, size } from "./scalars.ts";
import { parsePercent } from "./settings.ts";

const mebibyte = 1024 * 1024;

// All users behind one NAT are one client: what is normal for a hundred of them is let through.
const rate = (defaults: Rate) =>
  z
    .strictObject({
      rate: count(1_000_000).default(defaults.rate),
      burst: count(10_000_000, 0).default(defaults.burst),
    })
    .prefault({});

// The memory of bans outlasts the longest twice over, and a Node timer holds it.
const longestBanMs = 10 * 24 * 3_600_000;

const loginFailures = z
  .strictObject({
    within: duration(1000, longestBanMs).default(10 * 60_000),
    most: count(1_000_000).default(100),
    ban: duration(1000, longestBanMs).default(60_000),
    banMost: duration(1000, longestBanMs).default(3_600_000),
  })
  .refine(({ ban, banMost }) => ban <= banMost, { error: "must be at least ban", path: ["banMost"] });

export const limits = z.strictObject({
  sessions: count(1_000_000).default(10_000),
  sessionsPerClient: count(1_000_000).default(100),
  preLogin: scalar(parsePercent).default(50),
  connectsPerSecond: rate({ rate: 100, burst: 1000 }),
  commandsPerSecond: rate({ rate: 1000, burst: 10_000 }),
  pinholesPerClient: count(1_000_000).default(100),
  loginFailures: loginFailures.prefault({}),
  // One whole reply line at least must fit.
  bufferedBytes: size(4096, 16 * mebibyte).default(256 * 1024),
  // The longest EPRT and the longest 227 must pass in any case.
  commandBytes: size(64, mebibyte).default(4096),
  replyLineBytes: size(128, 16 * mebibyte).default(64 * 1024),
  heldCommands: count(100_000).default(64),
  badLines: count(1_000_000).default(10),
});

export const timeouts = z.strictObject({
  connect: duration().default(10_000),
  login: duration().default(60_000),
  // RFC 6384 asks for 15 minutes, RFC 1123 for at least 5.
  idle: duration().default(15 * 60_000),
  // RFC 6384: at least 30 s.
  pinhole: duration().default(60_000),
  dataStall: duration().default(5 * 60_000),
  linger: duration().default(10_000),
  drain: duration().default(5 * 60_000),
  // Whole seconds of TCP_KEEPIDLE, of which Linux takes 32767.
  keepalive: duration(1000, 9 * 3_600_000).default(60_000),
});
