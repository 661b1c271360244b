// `npm run ftps -- [PATTERN]`: plays the FTPS matrix, or those of its sessions whose title matches, as root, and prints it as Markdown.
import { clientTitle } from "../clients/all.ts";
import { program, titled } from "../programs.ts";
import { tlsCells, tlsCellTitle } from "./cells.ts";
import { playTlsMatrix, tlsFaults } from "./runner.ts";
import { formatTlsMatrix } from "./table.ts";

const pattern = new RegExp(process.argv[2] ?? "");
const wanted = tlsCells.filter((cell) => pattern.test(tlsCellTitle(cell)));
const results = await playTlsMatrix(wanted, (result) => {
  const faults = tlsFaults(result);
  if (Object.keys(faults).length === 0) process.stderr.write(`${tlsCellTitle(result.cell)}\n`);
  else process.stderr.write(`${tlsCellTitle(result.cell)} FAILED ${JSON.stringify(faults)}\n${result.story}\n`);
});
const titles = new Map<string, string>();
for (const { client, server } of wanted) {
  titles.set(client, await clientTitle(client));
  titles.set(server, titled(await program(server)));
}
process.stdout.write(`${formatTlsMatrix(results, (name) => titles.get(name) ?? name)}\n`);
process.exitCode = results.every((result) => Object.keys(tlsFaults(result)).length === 0) ? 0 : 1;
