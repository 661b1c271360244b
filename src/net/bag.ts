// Bag: values in no order, put in and taken out many times a second. V8's Set makes a new table every few changes, and an old one holds
// whatever the new one does until the next full garbage collection: what has a short life is copied about and kept (3 to 6 KiB a login,
// measured). A bag is an array in which each value knows its place.

/** A value that may be in one bag. -1 while it is in none. */
export type Bagged = { place: number };

export function putInto<T extends Bagged>(bag: T[], value: T): void {
  value.place = bag.length;
  bag.push(value);
}

/** False if it is in none. */
export function takeOut<T extends Bagged>(bag: T[], value: T): boolean {
  const { place } = value;
  if (place < 0) return false;
  value.place = -1;
  const last = bag.pop();
  if (last === undefined || last === value) return true;
  bag[place] = last;
  last.place = place;
  return true;
}
