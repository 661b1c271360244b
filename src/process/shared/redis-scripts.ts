// Redis scripts: what is counted in Redis or Valkey, each of them atomic and one round trip. All keys of a gateway lie in one slot of a
// cluster, and each has an expiry. Times are the server's, so that clocks of gateways need not agree.
import { createHash } from "node:crypto";

/** `sha`: by which a server that has seen it before knows it. */
export type RedisScript = { readonly text: string; readonly sha: string };

function script(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** Of a hash: instance → sessions. Only those of living instances count; the dead are removed on the way. */
const counting = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function elsewhere(key, instance)
  local sum = 0
  local fields = redis.call('HGETALL', key)
  for at = 1, #fields, 2 do
    if fields[at] ~= instance then
      local lives = redis.call('ZSCORE', KEYS[1], fields[at])
      if lives and tonumber(lives) > now then
        sum = sum + tonumber(fields[at + 1])
      else
        redis.call('HDEL', key, fields[at])
      end
    end
  end
  return sum
end
local function set(key, instance, sessions, keep)
  if tonumber(sessions) > 0 then
    redis.call('HSET', key, instance, sessions)
    redis.call('PEXPIRE', key, keep)
  else
    redis.call('HDEL', key, instance)
  end
end
`;

/**
 * Counts a connection, and a session unless something speaks against it.
 * Keys: the living, all sessions, the client's, its ban, its connections of a second, those beyond.
 * Arguments: instance, its own sessions and those of the client with this one, the limits of both, the rate and the burst, how long the
 * burst counts (ms), how long a count is kept (ms).
 * Gives [verdict, milliseconds of a ban, whether the instance is known to live]; verdicts: see `verdicts`.
 */
export const admitScript = script(`${counting}
local ban = redis.call('PTTL', KEYS[4])
if ban > 0 then return {1, ban, 1} end
local function count(key, ms)
  local times = redis.call('INCR', key)
  if times == 1 then redis.call('PEXPIRE', key, ms) end
  return times
end
if count(KEYS[5], 1000) > tonumber(ARGV[6]) and count(KEYS[6], ARGV[8]) > tonumber(ARGV[7]) then return {2, 0, 1} end
if elsewhere(KEYS[2], ARGV[1]) + tonumber(ARGV[2]) > tonumber(ARGV[4]) then return {3, 0, 1} end
if elsewhere(KEYS[3], ARGV[1]) + tonumber(ARGV[3]) > tonumber(ARGV[5]) then return {4, 0, 1} end
set(KEYS[2], ARGV[1], ARGV[2], ARGV[9])
set(KEYS[3], ARGV[1], ARGV[3], ARGV[9])
local lives = redis.call('ZSCORE', KEYS[1], ARGV[1])
return {0, 0, (lives and tonumber(lives) > now) and 1 or 0}
`);

/**
 * Counts a login that failed. Keys: the client's ban, its failures, its bans before. Arguments: how many failures are one too many, within
 * which time (ms), the first ban and the longest (ms). Gives the milliseconds for which the client is banned; 0: it is not.
 */
export const failureScript = script(`
local ban = redis.call('PTTL', KEYS[1])
if ban > 0 then return ban end
local failures = redis.call('INCR', KEYS[2])
if failures == 1 then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
if failures < tonumber(ARGV[1]) then return 0 end
local times = redis.call('INCR', KEYS[3])
redis.call('PEXPIRE', KEYS[3], 2 * tonumber(ARGV[4]))
local ms = math.min(tonumber(ARGV[4]), tonumber(ARGV[3]) * 2 ^ math.min(times - 1, 32))
redis.call('SET', KEYS[1], times, 'PX', string.format('%d', ms))
redis.call('DEL', KEYS[2])
return ms
`);

/**
 * Says that the instance lives, and how many sessions it has. Keys: the living, then those of the counts. Arguments: instance, the one that
 * it was before or nothing, how long it lives (ms), how long a count is kept (ms), of how many of the counts the others' sum is asked, then
 * the instance's own sessions in each. Gives whether it was known to live, then those sums.
 */
export const syncScript = script(`${counting}
local lives = redis.call('ZSCORE', KEYS[1], ARGV[1])
local answer = { (lives and tonumber(lives) > now) and 1 or 0 }
-- First: a server that is full says so only at the first thing that is written.
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if ARGV[2] ~= '' then redis.call('ZREM', KEYS[1], ARGV[2]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
for at = 2, #KEYS do
  set(KEYS[at], ARGV[1], ARGV[at + 4], ARGV[4])
  if at - 1 <= tonumber(ARGV[5]) then answer[at] = elsewhere(KEYS[at], ARGV[1]) end
end
return answer
`);

/** The instance lives no more, and what it had counts for nobody. Keys: the living. Arguments: instance. */
export const goneScript = script(`return redis.call('ZREM', KEYS[1], ARGV[1])`);

/** Changes nothing. Keys: any. */
export const lookScript = script(`return redis.call('PTTL', KEYS[1])`);
