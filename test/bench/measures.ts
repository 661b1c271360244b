// What is measured, each in one run of one client against one contender.
import { type Mode, type ServerName, who } from "./contender.ts";
import { readMetrics } from "./contenders/gateway.ts";
import { histogramQuantile } from "./exposition.ts";
import { growth } from "./idle-sessions.ts";
import { carry, type Direction, enoughSeconds, type Measure, roundTrips, series } from "./measuring.ts";
import { tlsMeasures } from "./tls-measures.ts";

const bulk = (direction: Direction, mode: Mode, atOnce = 1): Measure => ({
  name: atOnce === 1 ? `${direction} ${mode}` : `${direction} ${mode}, ${atOnce} at once`,
  section: atOnce === 1 ? "bulk" : "parallel",
  server: "light",
  mode,
  run: (...run) => carry({ direction, mode, atOnce }, ...run),
});

const named = (name: string, server: ServerName): string => (server === "light" ? name : `${name}, ${server}`);

const smallFiles = (mode: Mode, server: ServerName): Measure => ({
  name: named(`small files ${mode}`, server),
  section: "small",
  server,
  mode,
  run(stage, contender, entrance, { files }) {
    return series(stage, contender, "small_files.py", [...who(entrance), mode, files, enoughSeconds]);
  },
});

const noop: Measure = {
  name: "NOOP",
  section: "noop",
  server: "light",
  run: (stage, contender, entrance, { roundTrips: count }) => roundTrips(stage, contender, entrance, "NOOP", count),
};

const pinhole: Measure = {
  name: "PASV",
  section: "pinhole",
  server: "light",
  mode: "passive",
  async run(stage, contender, entrance, { roundTrips: count }) {
    // Every one of them takes a port of the range, and it rests for a while.
    const half = Math.ceil(count / 2);
    const { metrics } = contender;
    if (metrics === undefined) return roundTrips(stage, contender, entrance, "PASV", half);
    const before = await readMetrics(stage, metrics);
    const values = await roundTrips(stage, contender, entrance, "PASV", half);
    const after = await readMetrics(stage, metrics);
    const own = (quantile: number): number | undefined =>
      histogramQuantile(before, after, "ftp_alg_pinhole_open_seconds", quantile);
    const ownP50 = own(0.5);
    const ownP99 = own(0.99);
    return ownP50 === undefined || ownP99 === undefined ? values : { ...values, ownP50, ownP99 };
  },
};

const logins = (atOnce: number, server: ServerName): Measure => ({
  name: named(`logins, ${atOnce} at once`, server),
  section: "logins",
  server,
  run(stage, contender, entrance, { logins: count }) {
    return series(stage, contender, "sessions.py", [...who(entrance), count, atOnce, "quit", enoughSeconds]);
  },
});

const idle: Measure = {
  name: "idle sessions",
  section: "idle",
  server: "light",
  fresh: true,
  needsProcess: true,
  run: growth,
};

/** In the order in which they are run. */
export const measures: readonly Measure[] = [
  idle,
  bulk("download", "passive"),
  bulk("download", "active"),
  bulk("upload", "passive"),
  bulk("upload", "active"),
  bulk("download", "passive", 4),
  smallFiles("passive", "light"),
  smallFiles("active", "light"),
  smallFiles("passive", "vsftpd"),
  smallFiles("active", "vsftpd"),
  noop,
  logins(1, "light"),
  logins(10, "light"),
  logins(50, "light"),
  // It accepts 32 connections at a time, so more at once would measure lost packets.
  logins(10, "vsftpd"),
  pinhole,
  ...tlsMeasures,
];
