// `npm run handover`: a process is replaced under load on the planes that need no privileges; what was refused, cut and wrong.
import { parseArgs } from "node:util";
import { replaceUnderLoad } from "./replace-under-load.ts";

const usage = `npm run handover -- [--count N] [--plane relay|splice] [--driver node|loop]   by default 20 hand-overs on each of them
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "20" },
      plane: { type: "string" },
      driver: { type: "string", default: "auto" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  let isGood = true;
  for (const plane of values.plane === undefined ? ["relay", "splice"] : [values.plane]) {
    const result = await replaceUnderLoad({ count: Number(values.count), plane, driver: values.driver });
    const { handovers, logins, transfers, bytes, refused, cut, wrong, warnings, planes } = result;
    process.stdout.write(
      `${planes.join(", ")}: ${handovers} hand-overs, ${logins} logins, ${transfers} transfers (${Math.round(bytes / 2 ** 20)} MiB): ` +
        `${refused.length} refused, ${cut.length} cut, ${wrong.length} wrong\n`,
    );
    for (const line of [...refused, ...cut, ...wrong, ...warnings].slice(0, 20)) process.stdout.write(`  ${line}\n`);
    isGood &&= refused.length + cut.length + wrong.length === 0 && handovers === Number(values.count);
  }
  return isGood ? 0 : 1;
}

process.exitCode = await main();
