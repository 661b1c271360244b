// File problem: why a file could not be read, in words.

/** Without the file's name, which stands beside it. */
export function fileProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = "", message }: NodeJS.ErrnoException = error;
  return Object.hasOwn(problems, code) ? (problems[code] ?? message) : code || message;
}

const problems: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file: a part of the path is not a folder",
  EACCES: "permission denied: this user may not read it",
  EISDIR: "it is a folder",
  ELOOP: "its symbolic links lead in a circle",
};
