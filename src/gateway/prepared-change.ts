// Prepared changes: what can fail is done first, and then all of it takes effect, or none.

/** Neither can fail, and one of them is called, once. */
export type PreparedChange = { commit(): void; rollback(): void };

/** One after the other; if one of them rejects, those before it are rolled back, and it rejects likewise. */
export async function prepareAll(parts: readonly (() => Promise<PreparedChange>)[]): Promise<PreparedChange> {
  const changes: PreparedChange[] = [];
  const rollback = (): void => {
    for (const change of changes) change.rollback();
  };
  try {
    for (const prepare of parts) changes.push(await prepare());
  } catch (error) {
    rollback();
    throw error;
  }
  return {
    commit() {
      for (const change of changes) change.commit();
    },
    rollback,
  };
}
