// `ftp-alg probe`, what it prints and how it ends.
import type { Config } from "../config/config.ts";
import type { Io } from "../process/io.ts";
import { createAdminClient, isAdminError } from "./admin-client.ts";
import type { AdminFlags } from "./admin-options.ts";
import { formatJson } from "./json-output.ts";
import { withConfig } from "./load-config.ts";
import { formatTrial, trialJson } from "./probe-report.ts";
import { adminOf, planTrials, runTrial, type Admin, type ProbeWanted, type TrialResult } from "./probe.ts";
import { paintFor } from "./style.ts";

export type ProbeFlags = ProbeWanted & AdminFlags & { readonly config: string | undefined; readonly json: boolean };

/** Returns the exit code. */
export async function printProbe(flags: ProbeFlags, io: Io): Promise<number> {
  const { config: file } = flags;
  const run = async (config: Config | undefined): Promise<number> => {
    try {
      return await runTrials(config, flags, io);
    } catch (error) {
      if (!isAdminError(error)) throw error;
      io.err(`error: ${error.message}\n`);
      return 1;
    }
  };
  return file === undefined ? run(undefined) : withConfig({ kind: "file", file }, io, run);
}

async function runTrials(config: Config | undefined, flags: ProbeFlags, io: Io): Promise<number> {
  const admin = await adminFor(config, flags, io);
  const results: TrialResult[] = [];
  const look = { width: io.columns, paint: paintFor(io) };
  for (const trial of await planTrials(config, flags, admin)) {
    const result = await runTrial(trial, flags, admin, io);
    if (!flags.json) io.out(`${results.length === 0 ? "" : "\n"}${formatTrial(result, look)}`);
    results.push(result);
  }
  if (io.stop.aborted) return 1;
  const verdicts = results.flatMap((result) => result.verdicts);
  const failed = verdicts.filter(({ ok }) => !ok).length;
  if (flags.json)
    io.out(
      formatJson({ ok: failed === 0, ...(typeof admin === "string" && { admin }), gateways: results.map(trialJson) }),
    );
  else
    io.out(
      `\n${failed === 0 ? `${verdicts.length} of ${verdicts.length} ok.` : `${failed} of ${verdicts.length} failed.`}\n`,
    );
  if (!flags.json && failed > 0 && typeof admin === "string")
    io.err(`What the gateway itself found is not known: ${admin}\n`);
  return failed === 0 ? 0 : 1;
}

/** Who can be asked what the gateway found, or why nobody can. */
async function adminFor(config: Config | undefined, flags: ProbeFlags, io: Io): Promise<Admin> {
  const url = flags.admin ?? (config && adminOf(config));
  if (url === undefined)
    return config === undefined
      ? "no --admin URL was given"
      : "the configuration has no `admin`; --admin URL says where it is";
  const tokenFile = flags.tokenFile ?? config?.admin?.token?.file;
  try {
    const client = await createAdminClient({ admin: url, tokenFile }, io.stop);
    await client.text("/api/sessions?limit=1");
    return client;
  } catch (error) {
    if (isAdminError(error)) return error.message;
    throw error;
  }
}
