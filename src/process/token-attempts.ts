// Token attempts: who has shown the admin listener wrong tokens, so many that no more of them are looked at for a while.
import { createBoundedLimiter } from "../gateway/entrance/bounded-limiter.ts";
import { clientOf } from "../gateway/entrance/client-share.ts";
import { addressKind } from "../net/address-kind.ts";
import { parseAddress } from "../net/endpoint.ts";
import type { TokenAttempts } from "../observe/admin-access.ts";
import type { Logger } from "../observe/log.ts";
import { createRepeatedLine } from "../observe/repeated-line.ts";

/** So many wrong ones of a client within so many seconds. A scraper with a token from yesterday stays below. */
export const mostWrong = 10;
export const withinSeconds = 60;

const quietMs = 60_000;

/**
 * Wrong ones are logged, once a minute. A client with too many of them is answered `too-many` for the rest of the minute, whatever it
 * shows; but on loopback, where others share its address, the right token is always right.
 */
export function createTokenAttempts(logger: Pick<Logger, "warn">): TokenAttempts {
  const wrong = createBoundedLimiter({ points: mostWrong - 1, duration: withinSeconds });
  const tell = createRepeatedLine(quietMs, (line: { client: string }) => logger.warn(line, "wrong admin token"));
  return {
    async judge(text, isRight) {
      const address = parseAddress(text) ?? "0.0.0.0";
      const client = clientOf(address);
      if (isRight) return addressKind(address) !== "loopback" && (await wrong.isOver(client)) ? "too-many" : "right";
      tell({ client: address });
      const { count } = await wrong.consume(client);
      return count > mostWrong ? "too-many" : "wrong";
    },
  };
}
