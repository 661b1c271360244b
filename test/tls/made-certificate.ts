// Certificates for tests, made by openssl as they are needed: the machine's, or else the one of its package.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../lab/programs.ts";

export type MadeCertificate = {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
};

export type Wanted = {
  readonly name?: string;
  /** Of subjectAltName, as openssl writes them; by default `DNS:` and the name, and the loopback addresses. */
  readonly alternatives?: string;
  /** As openssl writes them: YYYYMMDDHHMMSSZ. */
  readonly from?: string;
  readonly to?: string;
  /** Who signs it; by default it does so itself. */
  readonly issuer?: MadeCertificate;
  readonly kind?: "ec" | "rsa";
};

const found = await program("openssl");
const env = { ...process.env, ...found.env };
const openssl = (...args: string[]): void => void execFileSync(found.path, args, { stdio: "pipe", env });

export function makeCertificate(wanted: Wanted = {}): MadeCertificate {
  const { name = "ftp.example.net", issuer, from, to, kind = "ec" } = wanted;
  const alternatives = wanted.alternatives ?? `DNS:${name},IP:127.0.0.1,IP:::1`;
  const folder = mkdtempSync(join(tmpdir(), "ftp-alg-cert-"));
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const algorithm =
    kind === "ec" ? ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] : ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"];
  openssl("genpkey", "-algorithm", ...algorithm, "-out", keyFile);
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${alternatives}`];
  if (issuer === undefined && from === undefined) {
    openssl("req", "-x509", "-new", "-key", keyFile, "-days", "365", ...subject, "-out", certFile);
  } else {
    const request = join(folder, "request.pem");
    openssl("req", "-new", "-key", keyFile, ...subject, "-out", request);
    const signer = issuer ?? { certFile: undefined, keyFile };
    const dates = from === undefined ? ["-days", "365"] : ["-startdate", from, "-enddate", to ?? "20991231235959Z"];
    signRequest(folder, request, certFile, dates, signer);
  }
  return { certFile, keyFile, cert: readFileSync(certFile, "latin1"), key: readFileSync(keyFile, "latin1") };
}

type Signer = { readonly certFile: string | undefined; readonly keyFile: string };

/** `openssl ca`, because `x509` of OpenSSL 3.0 knows no dates. */
function signRequest(folder: string, request: string, out: string, dates: readonly string[], signer: Signer): void {
  const config = join(folder, "ca.cnf");
  const database = join(folder, "index.txt");
  execFileSync("sh", ["-c", `: > ${database}; echo 01 > ${join(folder, "serial")}; cat > ${config}`], {
    input: [
      "[ca]",
      "default_ca=us",
      "[us]",
      `database=${database}`,
      `serial=${join(folder, "serial")}`,
      `new_certs_dir=${folder}`,
      "default_md=sha256",
      "policy=any",
      "copy_extensions=copy",
      "unique_subject=no",
      "[any]",
      "commonName=supplied",
    ].join("\n"),
  });
  const by = signer.certFile === undefined ? ["-selfsign"] : ["-cert", signer.certFile];
  openssl(
    "ca",
    "-batch",
    "-notext",
    "-config",
    config,
    ...by,
    "-keyfile",
    signer.keyFile,
    "-in",
    request,
    "-out",
    out,
    ...dates,
  );
}
