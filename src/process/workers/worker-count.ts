// Worker count: how many processes the configuration asks for on this machine. 1 is no worker at all, but one process.
import { availableParallelism } from "node:os";
import type { Config } from "../../config/config.ts";
import { mostSlices } from "../../config/slices.ts";

/** `auto`: as many as there are cores, and no more than have a part of each range of ports. `cores`: of this machine. */
export function workerCount(config: Config, cores: number = availableParallelism()): number {
  return config.workers === "auto" ? Math.max(1, Math.min(cores, mostSlices(config))) : config.workers;
}
