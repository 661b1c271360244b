// Redis scripts: what is counted in Redis or Valkey, each of them atomic and one round trip. All keys of a gateway lie in one slot of a
// cluster, and each has an expiry. Times are the server's, so that clocks of gateways need not agree. What an admission costs does not grow
// with the number of processes: sums are kept, not computed.
import { createHash } from "node:crypto";

/** `sha`: by which a server that has seen it before knows it. */
export type RedisScript = { readonly text: string; readonly sha: string };

function script(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/** Of all sessions, among the totals; the others are those of servers. */
export const allSessions = "sessions";

/**
 * First keys of those that tell of an instance: the living (instance → until when), the totals (name → sum of all instances), the
 * instance's part of these (name → its own).
 */
const counting = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function lives(instance)
  local until_ = redis.call('ZSCORE', KEYS[1], instance)
  return until_ and tonumber(until_) > now
end
local function add(name, more)
  if redis.call('HINCRBY', KEYS[2], name, more) <= 0 then redis.call('HDEL', KEYS[2], name) end
end
local function partOf(name)
  return tonumber(redis.call('HGET', KEYS[3], name) or 0)
end
local function setPart(name, sessions)
  local before = partOf(name)
  if sessions == before then return end
  if sessions > 0 then redis.call('HSET', KEYS[3], name, sessions) else redis.call('HDEL', KEYS[3], name) end
  add(name, sessions - before)
end
local function setOfClient(key, instance, sessions, keep)
  if sessions > 0 then
    redis.call('HSET', key, instance, sessions)
    redis.call('PEXPIRE', key, keep)
  else
    redis.call('HDEL', key, instance)
  end
end
`;

/** What the dead had counts for nobody. `parts`: before an instance, the key of its part. */
const reaping = `
local function reap(instance, parts)
  local key = parts .. instance
  local part = redis.call('HGETALL', key)
  for at = 1, #part, 2 do add(part[at], -tonumber(part[at + 1])) end
  redis.call('DEL', key)
  redis.call('ZREM', KEYS[1], instance)
end
`;

/**
 * Counts a connection, and a session unless something speaks against it. Keys behind the first: the client's sessions (instance → its own),
 * its ban, its connections of a second, those beyond. Arguments: instance, its own sessions and those of the client with this one, the
 * limits of both, the rate and the burst, how long the burst counts (ms), how long a count is kept (ms).
 * Gives [verdict, milliseconds of a ban, whether the instance is known to live]; 0 admitted, 1 banned, 2 too many connections, 3 too many
 * sessions, 4 too many of the client.
 */
export const admitScript = script(`${counting}
local ban = redis.call('PTTL', KEYS[5])
if ban > 0 then return {1, ban, 1} end
local function count(key, ms)
  local times = redis.call('INCR', key)
  if times == 1 then redis.call('PEXPIRE', key, ms) end
  return times
end
if count(KEYS[6], 1000) > tonumber(ARGV[6]) and count(KEYS[7], ARGV[8]) > tonumber(ARGV[7]) then return {2, 0, 1} end
local all = tonumber(redis.call('HGET', KEYS[2], '${allSessions}') or 0) - partOf('${allSessions}') + tonumber(ARGV[2])
if all > tonumber(ARGV[4]) then return {3, 0, 1} end
local ofClient = tonumber(ARGV[3])
local others = redis.call('HGETALL', KEYS[4])
for at = 1, #others, 2 do
  if others[at] ~= ARGV[1] then
    if lives(others[at]) then
      ofClient = ofClient + tonumber(others[at + 1])
    else
      redis.call('HDEL', KEYS[4], others[at])
    end
  end
end
if ofClient > tonumber(ARGV[5]) then return {4, 0, 1} end
setPart('${allSessions}', tonumber(ARGV[2]))
for key = 2, 3 do redis.call('PEXPIRE', KEYS[key], ARGV[9]) end
setOfClient(KEYS[4], ARGV[1], tonumber(ARGV[3]), ARGV[9])
return {0, 0, lives(ARGV[1]) and 1 or 0}
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
 * Says that the instance lives, and how many sessions it has. Keys behind the first: sessions of clients. Arguments: instance, the one that
 * it was before or nothing, how long it lives (ms), how long a count is kept (ms), what stands before an instance in the key of its part, how
 * many parts follow, each with its name, then the instance's sessions of each client.
 * Gives whether it was known to live, then what the others have of each of the parts.
 */
export const syncScript = script(`${counting}${reaping}
local answer = { lives(ARGV[1]) and 1 or 0 }
-- First: a server that is full says so only at the first thing that is written.
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do reap(dead, ARGV[5]) end
if ARGV[2] ~= '' then reap(ARGV[2], ARGV[5]) end
local at = 7
for part = 1, tonumber(ARGV[6]) do
  local own = tonumber(ARGV[at + 1])
  setPart(ARGV[at], own)
  answer[part + 1] = tonumber(redis.call('HGET', KEYS[2], ARGV[at]) or 0) - own
  at = at + 2
end
for key = 4, #KEYS do
  setOfClient(KEYS[key], ARGV[1], tonumber(ARGV[at]), ARGV[4])
  at = at + 1
end
for key = 1, 3 do redis.call('PEXPIRE', KEYS[key], ARGV[4]) end
return answer
`);

/** The instance lives no more. Keys: the first two. Arguments: instance, what stands before an instance in the key of its part. */
export const goneScript = script(`
local function add(name, more)
  if redis.call('HINCRBY', KEYS[2], name, more) <= 0 then redis.call('HDEL', KEYS[2], name) end
end
${reaping}
reap(ARGV[1], ARGV[2])
return 1
`);

/** Changes nothing. Keys: any. */
export const lookScript = script(`return redis.call('PTTL', KEYS[1])`);
