// Before the first lab of a run: what earlier runs had to leave is removed, and the programs are fetched.
import { fetchEverything } from "./availability.ts";
import { sweep } from "./keeper.ts";
import { labObstacle } from "./lab.ts";

export async function setup(): Promise<void> {
  if ((await labObstacle()) !== undefined) return;
  await sweep();
  await fetchEverything();
}
