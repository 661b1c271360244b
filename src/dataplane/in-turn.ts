// Inputs in turn: what comes up while one is being dealt with, a word of the owner's in answer to a report say, comes after it.

/** What `take` throws goes to the caller of the returned function; inputs that wait are taken with the next one. */
export function inTurn<Input extends object>(take: (input: Input) => void): (input: Input) => void {
  const waiting: Input[] = [];
  let isTaking = false;
  return (input) => {
    waiting.push(input);
    if (isTaking) return;
    isTaking = true;
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) take(next);
    } finally {
      isTaking = false;
    }
  };
}
