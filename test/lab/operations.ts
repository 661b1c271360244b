// What a session in the lab does, and how one tells from the files on both sides that it was done.
import { createCipheriv, createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { Step } from "./clients/client.ts";

export type Sides = {
  /** The server's folder, as clients see it after their login. */
  readonly home: string;
  /** The client's folder. */
  readonly folder: string;
};

/** One step, what it needs, and its proof. */
export type Task = {
  readonly step: Step;
  prepare(sides: Sides): Promise<void>;
  /** Why it was not done, or undefined. */
  fault(sides: Sides, printed: string): Promise<string | undefined>;
};

const onServer = ({ home }: Sides, name: string): Buffer =>
  Buffer.from(`${Buffer.from(home).toString("latin1")}/${name}`, "latin1");
const onClient = ({ folder }: Sides, name: string): string => `${folder}/${name}`;

const made = new Map<string, Buffer>();

/** Bytes that no compression, line-end conversion or shift leaves the same; the seed decides them. */
export function noise(seed: string, length: number): Buffer {
  const known = made.get(`${seed} ${length}`);
  if (known !== undefined) return known;
  const key = createHash("sha256").update(seed).digest();
  const bytes = createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
  made.set(`${seed} ${length}`, bytes);
  return bytes;
}

const read = (file: string | Buffer): Promise<Buffer | undefined> => readFile(file).catch(() => undefined);

async function difference(file: string | Buffer, wanted: Buffer): Promise<string | undefined> {
  const got = await read(file);
  if (got === undefined) return "no file";
  if (got.length !== wanted.length) return `${got.length} bytes instead of ${wanted.length}`;
  return got.equals(wanted) ? undefined : "other bytes";
}

function download(remote: string, local: string, bytes: () => Buffer): Task {
  return {
    step: { kind: "download", remote, local },
    prepare: (sides) => writeFile(onServer(sides, remote), bytes()),
    fault: (sides) => difference(onClient(sides, local), bytes()),
  };
}

function upload(local: string, remote: string, bytes: () => Buffer): Task {
  return {
    step: { kind: "upload", local, remote },
    prepare: (sides) => writeFile(onClient(sides, local), bytes()),
    fault: (sides) => difference(onServer(sides, remote), bytes()),
  };
}

const kibibytes = (seed: string, count: number) => (): Buffer => noise(seed, count * 1024);
const nothing = (): Buffer => Buffer.alloc(0);
const utf8 = (name: string): string => Buffer.from(name, "utf8").toString("latin1");

// aria2 resumes at multiples of 16 KiB only.
const partLength = 32_768;
const whole = kibibytes("resume", 100);
// The part at hand differs from the server's, so that a client which fetches everything again is found out.
const part = Buffer.alloc(partLength, "x");

const resume: Task = {
  step: { kind: "resume", remote: "resume.bin", local: "resume.bin" },
  async prepare(sides) {
    await writeFile(onServer(sides, "resume.bin"), whole());
    await writeFile(onClient(sides, "resume.bin"), part);
  },
  fault: (sides) => difference(onClient(sides, "resume.bin"), Buffer.concat([part, whole().subarray(partLength)])),
};

const listed = "only-in-the-listing.txt";

const list: Task = {
  step: { kind: "list" },
  prepare: (sides) => writeFile(onServer(sides, listed), "listed"),
  fault: async (_sides, printed) => (printed.includes(listed) ? undefined : "not in the listing"),
};

const rename: Task = {
  step: { kind: "rename", from: "before.txt", to: "after.txt" },
  prepare: (sides) => writeFile(onServer(sides, "before.txt"), "renamed"),
  async fault(sides) {
    if ((await read(onServer(sides, "before.txt"))) !== undefined) return "the old name is still there";
    return difference(onServer(sides, "after.txt"), Buffer.from("renamed"));
  },
};

const remove: Task = {
  step: { kind: "delete", remote: "doomed.txt" },
  prepare: (sides) => writeFile(onServer(sides, "doomed.txt"), "doomed"),
  fault: async (sides) =>
    (await read(onServer(sides, "doomed.txt"))) === undefined ? undefined : "the file is still there",
};

// In a folder of their own, because some servers can't list a folder that holds a name they can't decode.
export const oddFolder = "odd";
const utf8Name = `${oddFolder}/${utf8("na\u00efve \u4f60\u597d name.txt")}`;
const utf8Other = `${oddFolder}/${utf8("another \u00fcber name.txt")}`;
const latin1Name = `${oddFolder}/caf\u00e9-cr\u00e8me.txt`;
const latin1Other = `${oddFolder}/d\u00e9j\u00e0-vu.txt`;

/** A client performs those tasks of an operation that it offers. */
export const operations = {
  list: [list],
  download: [download("down.bin", "down.bin", kibibytes("download", 300))],
  upload: [upload("up.bin", "up.bin", kibibytes("upload", 300))],
  resume: [resume],
  rename: [rename],
  delete: [remove],
  "empty file": [download("empty.bin", "empty.bin", nothing), upload("empty-up.bin", "empty-up.bin", nothing)],
  "UTF-8 name": [
    download(utf8Name, "utf8-name.bin", kibibytes("utf8 down", 1)),
    upload("utf8-up.bin", utf8Other, kibibytes("utf8 up", 1)),
  ],
  "64 MiB": [download("large.bin", "large.bin", kibibytes("large", 64 * 1024))],
  // Last, because some servers end the session over it.
  "latin1 name": [
    download(latin1Name, "latin1-name.bin", kibibytes("latin1 down", 1)),
    upload("latin1-up.bin", latin1Other, kibibytes("latin1 up", 1)),
  ],
} as const satisfies Record<string, readonly Task[]>;

export type OperationName = keyof typeof operations;
export const operationNames = Object.keys(operations) as OperationName[];

/** Needs a client that can say any byte in a name. */
export const needsAnyBytes: ReadonlySet<OperationName> = new Set(["latin1 name"]);
