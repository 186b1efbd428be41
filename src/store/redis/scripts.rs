//! What Redis does in one step. Every script names all its keys, which are under one tag.
//!
//! `EVAL` carries the script each time: it is shorter than the values, and a server that was restarted
//! or has just become the primary need not be taught first.
//!
//! A script that finds its own value, because it is run again, writes it again: `WAIT` waits for what its
//! own connection has written, and that is another one by then.

/// Puts a value where the expected one is, or where none is and the expected one is empty, for a while.
///
/// Keys: the value's. Arguments: expected, new, milliseconds. Answers 1, also where the new value is
/// there already; otherwise the value found, or nothing. A value without a byte is there and no sealed
/// one, so it is never the expected one.
pub(super) const REPLACE: &str = r"
local found = redis.call('GET', KEYS[1])
if found ~= ARGV[2] then
  if found and (found == '' or found ~= ARGV[1]) then return found end
  if not found and ARGV[1] ~= '' then return false end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
";

/// Takes a value away if it is the expected one; answers 1, or 0. Where nothing is, it may have been taken
/// away by this command itself: so that there is something to wait for, a value is put there, if there is room,
/// and taken away.
pub(super) const REMOVE: &str = r"
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[1] then return 0 end
if not found then redis.pcall('SET', KEYS[1], '') end
redis.call('DEL', KEYS[1])
return found and 1 or 0
";

/// Takes a value away, whatever it is, and answers it. Where nothing is, as in [`REMOVE`].
pub(super) const TAKE_AWAY: &str = r"
local found = redis.call('GET', KEYS[1])
if not found then redis.pcall('SET', KEYS[1], '') end
redis.call('DEL', KEYS[1])
return found
";

/// Remembers a logout in place of the expected one, and ends the person's sessions. None counts as the
/// empty text here: both are replaced.
///
/// Keys: the person's logout, then the places of the person's sessions. Arguments: expected, new,
/// milliseconds. Answers what stood in each place, or the logout found.
pub(super) const LOG_OUT: &str = r"
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] and found ~= ARGV[2] then return found end
local sessions = redis.call('MGET', unpack(KEYS, 2))
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', unpack(KEYS, 2))
return sessions
";

/// Appends to the directory's log, if the head is the expected one.
///
/// Keys: the log. Arguments: expected head, new head, generation, change, channel. Answers 1, also
/// where the change stands there already, or 0. That nobody could be told undoes nothing.
pub(super) const APPEND: &str = r"
local head = redis.call('HGET', KEYS[1], 'head') or ''
if head == ARGV[1] then
  redis.call('HSET', KEYS[1], 'head', ARGV[2], ARGV[3], ARGV[4])
  redis.pcall('PUBLISH', ARGV[5], ARGV[3])
  return 1
end
if redis.call('HGET', KEYS[1], ARGV[3]) ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
return 1
";

/// Whether a field is this, and if so, writes it again.
///
/// Keys: the hash. Arguments: field, value. Answers 1 or 0.
pub(super) const CONFIRM_FIELD: &str = r"
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
";

/// Keeps a checkpoint, unless there is a newer one.
///
/// Keys: the checkpoint. Arguments: generation, directory.
pub(super) const KEEP_CHECKPOINT: &str = r"
local kept = tonumber(redis.call('HGET', KEYS[1], 'generation') or '0') or 0
if tonumber(ARGV[1]) < kept then return 0 end
redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'directory', ARGV[2])
return 1
";

/// Puts a field where the expected one is, or where none is and the expected one is empty.
///
/// Keys: the hash. Arguments: field, expected, new. Answers 1 or 0.
pub(super) const REPLACE_FIELD: &str = r"
local found = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if found == ARGV[3] then return 1 end
if found ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
";

/// Which of these fields don't begin with these bytes.
///
/// Keys: the hash. Arguments: the bytes, fields. Answers the fields, without those that are not there.
pub(super) const FIELDS_BEGINNING_OTHERWISE: &str = r"
local others = {}
for i = 2, #ARGV do
  local found = redis.call('HGET', KEYS[1], ARGV[i])
  if found and string.sub(found, 1, #ARGV[1]) ~= ARGV[1] then others[#others + 1] = ARGV[i] end
end
return others
";

/// Writes a page of decisions, if the one that is there has the expected stamp, or if none is there and
/// the expected one is empty.
///
/// Keys: the page, the names of the pages, their sizes. Arguments: expected stamp, new stamp, head,
/// body, the page's name, its size and newest trace, seconds. Answers 1, also where it is there already,
/// or 0.
pub(super) const WRITE_PAGE: &str = r"
local found = redis.call('HGET', KEYS[1], 'stamp') or ''
if found ~= ARGV[1] and found ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'stamp', ARGV[2], 'head', ARGV[3], 'body', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[7])
redis.call('ZADD', KEYS[2], 0, ARGV[5])
redis.call('HSET', KEYS[3], ARGV[5], ARGV[6])
for index = 2, 3 do
  if redis.call('TTL', KEYS[index]) < tonumber(ARGV[7]) then
    redis.call('EXPIRE', KEYS[index], ARGV[7])
  end
end
return 1
";
