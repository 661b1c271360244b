// Error messages: what an operator is told of something that was thrown.

/** The message of an Error; of anything else its text. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
