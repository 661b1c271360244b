// Examine Redis: whether the Redis or Valkey of a configuration answers scripts now, and how fast. Nothing in it is changed.
import { errorMessage } from "../error-message.ts";
import { createRedisLink, type RedisLink } from "./redis-link.ts";
import { lookScript } from "./redis-scripts.ts";
import { withoutPassword } from "./redis-url.ts";

/** `ms`: of one answer, the connection being made. `reason`: why there is none. */
export type RedisExamination = { readonly ms: number } | { readonly reason: string };

const patienceMs = 6000;

export async function examineRedis(url: string, prefix: string): Promise<RedisExamination> {
  let link: RedisLink | undefined;
  const examined = new Promise<RedisExamination>((resolve) => {
    const fail = (reason: string): void => resolve({ reason: withoutPassword(reason, url) });
    const timer = setTimeout(() => fail(`no answer within ${patienceMs} ms`), patienceMs);
    const created = createRedisLink(url, {
      connected: () =>
        void timeOf(created, `${prefix}:look`)
          .then((ms) => resolve({ ms }))
          .catch((error: unknown) => fail(errorMessage(error)))
          .finally(() => clearTimeout(timer)),
      lost(reason) {
        clearTimeout(timer);
        fail(reason);
      },
    });
    link = created;
  });
  const found = await examined;
  link?.close();
  return found;
}

async function timeOf({ run }: RedisLink, key: string): Promise<number> {
  // The first time the script is sent whole.
  await run(lookScript, [key], []);
  const from = performance.now();
  await run(lookScript, [key], []);
  return performance.now() - from;
}
