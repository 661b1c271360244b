// Programs that only fetch: wget, and aria2 with its list of downloads.
import { bothFamilies, bothModes, inUrl, launch, patienceSeconds, rootUrl, type Client, type Step } from "./client.ts";

const fetching: readonly Step["kind"][] = ["list", "download", "resume"];

export const wget: Client = {
  program: "wget",
  modes: bothModes,
  families: bothFamilies,
  kinds: fetching,
  anyBytes: true,
  async play(visit) {
    const mode = visit.mode === "passive" ? "--passive-ftp" : "--no-passive-ftp";
    const common = ["--no-config", "-d", "-t", "1", "-T", String(patienceSeconds), "--no-iri", mode];
    const printed: string[] = [];
    for (const step of visit.steps) {
      if (step.kind === "list") {
        printed.push(await launch(visit, [...common, "-O", "-", rootUrl(visit)]));
      } else if (step.kind === "download" || step.kind === "resume") {
        const target = [...(step.kind === "resume" ? ["-c"] : []), "-O", step.local];
        printed.push(await launch(visit, [...common, ...target, `${rootUrl(visit)}${inUrl(step.remote)}`]));
      }
    }
    return printed.join("");
  },
};

export const aria2: Client = {
  program: "aria2",
  modes: bothModes,
  families: bothFamilies,
  kinds: ["download", "resume"],
  anyBytes: true,
  play(visit) {
    const entries = visit.steps.flatMap((step) => {
      if (step.kind !== "download" && step.kind !== "resume") return [];
      const again = step.kind === "resume" ? ["  continue=true"] : [];
      return [`${rootUrl(visit)}${inUrl(step.remote)}`, `  out=${step.local}`, ...again];
    });
    return launch(
      visit,
      [
        ...[
          "--no-conf",
          "--input-file=-",
          "--max-concurrent-downloads=1",
          "--max-connection-per-server=1",
          "--split=1",
        ],
        ...["--file-allocation=none", "--allow-overwrite=true", "--auto-file-renaming=false", "--max-tries=1"],
        // It overlooks a 226 that came together with the 150, and waits for it this long.
        ...["--timeout=2", `--connect-timeout=${patienceSeconds}`, "--console-log-level=info"],
        ...[
          "--show-console-readout=false",
          "--no-netrc",
          "--async-dns=false",
          `--ftp-pasv=${visit.mode === "passive"}`,
        ],
      ],
      `${entries.join("\n")}\n`,
    );
  },
};
