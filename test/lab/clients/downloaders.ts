// Programs that only fetch.
import {
  bothFamilies,
  bothModes,
  inUrl,
  launch,
  patienceSeconds,
  rootUrl,
  type Client,
  type Mode,
  type Step,
  type Visit,
} from "./client.ts";

const fetching: readonly Step["kind"][] = ["list", "download", "resume"];

/** Of Debian's, which is built with GnuTLS. Without `ftps:` it speaks no TLS, explicit or not. */
function wgetSecurity({ tls }: Visit): string[] {
  if (tls === undefined) return [];
  const version = `--ciphers=NORMAL:-VERS-ALL:+VERS-${tls.version.replace("v", "")}`;
  return [`--ca-certificate=${tls.ca}`, version, ...(tls.security === "implicit" ? ["--ftps-implicit"] : [])];
}

export const wget: Client = {
  program: "wget",
  modes: bothModes,
  families: bothFamilies,
  kinds: fetching,
  anyBytes: true,
  security: ["explicit", "implicit"],
  async play(visit) {
    const mode = visit.mode === "passive" ? "--passive-ftp" : "--no-passive-ftp";
    const tries = ["-t", "1", "-T", String(patienceSeconds)];
    const common = ["--no-config", "-d", ...tries, "--no-iri", mode, ...wgetSecurity(visit)];
    const root = visit.tls === undefined ? rootUrl(visit) : rootUrl(visit).replace(/^ftps?:/, "ftps:");
    const printed: string[] = [];
    for (const step of visit.steps) {
      if (step.kind === "list") {
        printed.push(await launch(visit, [...common, "-O", "-", root]));
      } else if (step.kind === "download" || step.kind === "resume") {
        const target = [...(step.kind === "resume" ? ["-c"] : []), "-O", step.local];
        printed.push(await launch(visit, [...common, ...target, `${root}${inUrl(step.remote)}`]));
      }
    }
    return printed.join("");
  },
};

function aria2Options(mode: Mode): string[] {
  return [
    ...["--no-conf", "--no-netrc", "--async-dns=false", "--max-tries=1"],
    ...["--max-concurrent-downloads=1", "--max-connection-per-server=1", "--split=1"],
    ...["--file-allocation=none", "--allow-overwrite=true", "--auto-file-renaming=false"],
    // It overlooks a 226 that came together with the 150, and waits for it this long.
    ...["--timeout=2", `--connect-timeout=${patienceSeconds}`],
    ...["--console-log-level=info", "--show-console-readout=false", "--summary-interval=0"],
    `--ftp-pasv=${mode === "passive"}`,
  ];
}

/**
 * One process per file. In a list of files, one that waited in vain for its 226 makes another connection at the very moment
 * at which it closes the old one, and pyftpdlib 1.5.7 then goes deaf to the new one now and then: what is left of an active
 * data connection takes away the descriptor that the new connection has got.
 */
export const aria2: Client = {
  program: "aria2",
  modes: bothModes,
  families: bothFamilies,
  kinds: ["download", "resume"],
  anyBytes: true,
  async play(visit) {
    const printed: string[] = [];
    for (const step of visit.steps) {
      if (step.kind !== "download" && step.kind !== "resume") continue;
      const target = [...(step.kind === "resume" ? ["--continue=true"] : []), "--out", step.local];
      const url = `${rootUrl(visit)}${inUrl(step.remote)}`;
      printed.push(await launch(visit, [...aria2Options(visit.mode), ...target, url]));
    }
    return printed.join("");
  },
};
