// `npm run ftps -- [PATTERN]`: plays the FTPS matrix, or those of its sessions whose title matches, as root, and prints it as Markdown.
// The results are kept, so that it may be played in pieces; `node test/lab/ftps/report.ts` writes the table of them all into test/README.md.
import { clientObstacle, obstacleTo } from "../availability.ts";
import { tlsCells, tlsCellTitle } from "./cells.ts";
import { keepTlsResults, keptTlsResults } from "./results.ts";
import { playTlsMatrix, tlsFaults } from "./runner.ts";
import { formatTlsMatrix } from "./table.ts";

const pattern = new RegExp(process.argv[2] ?? "");
const matching = tlsCells.filter((cell) => pattern.test(tlsCellTitle(cell)));
const obstacles = new Map<string, string>();
for (const client of new Set(matching.map((cell) => cell.client))) {
  const obstacle = (await obstacleTo("nft")) ?? (await clientObstacle(client));
  if (obstacle !== undefined) obstacles.set(client, obstacle);
}
for (const obstacle of new Set(obstacles.values())) process.stderr.write(`left out: ${obstacle}\n`);
const wanted = matching.filter(({ client }) => !obstacles.has(client));
const results = await playTlsMatrix(
  wanted,
  (result) => {
    const faults = tlsFaults(result);
    const title = `${tlsCellTitle(result.cell)} (${result.seconds.toFixed(1)} s)`;
    if (Object.keys(faults).length === 0) process.stderr.write(`${title}\n`);
    else process.stderr.write(`${title} FAILED ${JSON.stringify(faults)}\n${result.story}\n`);
  },
  keepTlsResults,
);
const { titles, results: kept } = await keptTlsResults();
const played = new Set(wanted.map(tlsCellTitle));
const own = kept.filter(({ cell }) => played.has(tlsCellTitle(cell)));
process.stdout.write(`${formatTlsMatrix({ titles, results: own })}\n`);
const hasFailed = results.some((result) => Object.keys(tlsFaults(result)).length > 0);
process.exitCode = hasFailed || obstacles.size > 0 ? 1 : 0;
