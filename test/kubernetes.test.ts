// The Kubernetes base: each manifest against the schema of its kind, and all of them against each other: what three pods would announce,
// what the load balancers lead to them, and how long a pod has to drain.
import { readFileSync } from "node:fs";
import path from "node:path";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Service } from "kubernetes-models/v1/Service";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import type { Config } from "../src/config/config.ts";
import { parseConfig } from "../src/config/parse.ts";
import { sliceConfig, sliceProblems } from "../src/config/slices.ts";
import { root } from "./books.ts";

const folder = path.join(root, "deploy/kubernetes");
const read = (name: string): string => readFileSync(path.join(folder, name), "utf8");
const kustomization = parse(read("kustomization.yaml")) as { resources: string[]; configMapGenerator: object[] };

const kinds = { StatefulSet, Service, PodDisruptionBudget, NetworkPolicy, ServiceMonitor };
type Kind = keyof typeof kinds;
type Manifest = { kind: Kind; apiVersion: string };

const manifests = kustomization.resources.flatMap((name) =>
  parseAllDocuments(read(name)).map((document) => document.toJS() as Manifest),
);

/** Throws an Error that names every mistake and its path. */
function validated({ kind, ...manifest }: Manifest): InstanceType<(typeof kinds)[Kind]> {
  const model = new kinds[kind](manifest as never);
  expect(manifest.apiVersion).toBe(kinds[kind].apiVersion);
  model.validate();
  return model;
}

const models = manifests.map(validated);
const all = <T>(kind: new (data: never) => T): T[] => models.filter((model) => model instanceof kind) as T[];
const [set] = all(StatefulSet);
const spec = set?.spec;
const pod = spec?.template.spec;
const [container] = pod?.containers ?? [];
const services = all(Service);
const entrances = services.filter(({ spec: { type } = {} }) => type === "LoadBalancer");

test("every manifest is of the form that its kind has, and one that is not is found out", () => {
  expect(manifests.map(({ kind }) => kind).toSorted()).toEqual([
    ...["NetworkPolicy", "PodDisruptionBudget", "Service", "Service", "Service", "Service"],
    ...["ServiceMonitor", "StatefulSet"],
  ]);
  const wrong = { ...manifests[0], spec: { ...set?.spec, replicas: "three", colour: "blue" } } as unknown as Manifest;
  expect(() => validated(wrong)).toThrow(/replicas/);
});

/** The configuration as the pod of that ordinal has it. */
function configOfPod(ordinal: number): Config {
  const parsed = parseConfig(read("config.yml"), { POD_NAME: `ftp-alg-${ordinal}` });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const [, of = ""] = /^\$\(ORDINAL\)\/(\d+)$/.exec(container?.args?.at(-1) ?? "") ?? [];
  expect(Number(of)).toBe(spec?.replicas);
  expect(sliceProblems(parsed.config, Number(of), "")).toEqual([]);
  return sliceConfig(parsed.config, { index: ordinal, of: Number(of) });
}

/** What the pod of that ordinal tells clients: whose address, and which ports. */
function announced(ordinal: number): { name: string; ports: number[] } {
  const [{ clientSide } = { clientSide: undefined }] = configOfPod(ordinal).gateways;
  const { advertise, dataPorts: { first, last } = { first: 0, last: -1 } } = clientSide ?? {};
  const name = typeof advertise === "object" && "name" in advertise ? advertise.name : "";
  return { name, ports: Array.from({ length: last - first + 1 }, (_, at) => first + at) };
}

test("three pods announce three addresses and ports of which no two are the same, all of the range", () => {
  const pods = [0, 1, 2].map(announced);
  expect(pods.map(({ name }) => name)).toEqual([0, 1, 2].map((ordinal) => `ftp-alg-${ordinal}.ftp.example.net`));
  expect(pods.map(({ ports }) => [ports[0], ports.at(-1)])).toEqual([
    [50_000, 50_029],
    [50_030, 50_059],
    [50_060, 50_089],
  ]);
  const together = pods.flatMap(({ ports }) => ports);
  expect(new Set(together).size).toBe(90);
});

test("the Service of each pod has the name that the pod announces, its entrance, each of its ports, and nobody else's", () => {
  expect(entrances).toHaveLength(spec?.replicas ?? 0);
  for (const [ordinal, { metadata, spec: service }] of entrances.entries()) {
    const { name, ports } = announced(ordinal);
    const hosts = metadata?.annotations?.["external-dns.alpha.kubernetes.io/hostname"]?.split(",");
    expect(hosts).toEqual(["ftp.example.net", name]);
    expect(service?.selector).toEqual({ "statefulset.kubernetes.io/pod-name": `ftp-alg-${ordinal}` });
    expect(service?.externalTrafficPolicy).toBe("Local");
    const [ftp, ...data] = service?.ports ?? [];
    expect(ftp).toEqual({ name: "ftp", port: 21, targetPort: "ftp" });
    expect(data).toEqual(ports.map((port) => ({ name: `data-${port}`, port, targetPort: port })));
  }
});

test("the configuration is mounted where the container reads it, and is the one that is rendered", () => {
  expect(kustomization.configMapGenerator).toEqual([{ name: "ftp-alg", files: ["config.yml"] }]);
  expect(pod?.volumes).toEqual([{ name: "config", configMap: { name: "ftp-alg" } }]);
  expect(container?.volumeMounts).toEqual([{ name: "config", mountPath: "/etc/ftp-alg", readOnly: true }]);
  expect(container?.args?.slice(0, 3)).toEqual(["run", "--config", "/etc/ftp-alg/config.yml"]);
  const variables = container?.env?.map(({ name, valueFrom }) => [name, valueFrom?.fieldRef?.fieldPath]);
  expect(variables).toEqual([
    ["POD_NAME", "metadata.name"],
    ["ORDINAL", "metadata.labels['apps.kubernetes.io/pod-index']"],
  ]);
});

test("entrance, admin and data ports of the configuration are those of container, probes, services and network policy", () => {
  const { admin, gateways } = configOfPod(0);
  const [{ listen } = { listen: [] }] = gateways;
  const ports = { ftp: listen[0]?.port, admin: admin?.listen.port };
  expect(Object.fromEntries(container?.ports?.map(({ name, containerPort }) => [name, containerPort]) ?? [])).toEqual(
    ports,
  );
  const { startupProbe, livenessProbe, readinessProbe } = container ?? {};
  const probes = [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet);
  expect(probes).toEqual(["/healthz", "/healthz", "/readyz"].map((where) => ({ path: where, port: "admin" })));
  const [{ ingress } = { ingress: undefined }] = all(NetworkPolicy).map(({ spec: policy }) => policy);
  expect(ingress?.flatMap((rule) => rule.ports ?? [])).toEqual([
    { protocol: "TCP", port: ports.ftp },
    { protocol: "TCP", port: 50_000, endPort: 50_089 },
    { protocol: "TCP", port: ports.admin },
  ]);
  expect(ingress?.at(-1)?.from).toHaveLength(1);
  const own = pod?.securityContext?.sysctls?.[0]?.value.split(" ").map(Number) ?? [];
  expect(own[1]).toBeLessThan(50_000);
});

test("everything that selects pods selects these, and what Prometheus scrapes is the headless Service", () => {
  const labels = spec?.template.metadata?.labels ?? {};
  const [headless] = services.filter(({ spec: service }) => service?.clusterIP === "None");
  expect(headless?.metadata?.name).toBe(spec?.serviceName);
  const selectors = [
    spec?.selector.matchLabels,
    headless?.spec?.selector,
    ...all(PodDisruptionBudget).map((budget) => budget.spec?.selector?.matchLabels),
    ...all(NetworkPolicy).map((policy) => policy.spec?.podSelector?.matchLabels),
    ...(pod?.topologySpreadConstraints?.map(({ labelSelector }) => labelSelector?.matchLabels) ?? []),
  ];
  for (const selector of selectors) expect(selector).toEqual(labels);
  expect(headless?.metadata?.labels).toEqual(all(ServiceMonitor)[0]?.spec.selector.matchLabels);
  expect(all(ServiceMonitor)[0]?.spec.endpoints?.[0]).toMatchObject({ port: "admin", path: "/metrics" });
});

test("a pod is killed only after preStop and the whole drain time", () => {
  const [{ timeouts } = { timeouts: { drainMs: NaN } }] = configOfPod(0).gateways;
  const preStop = container?.lifecycle?.preStop;
  const seconds = (preStop?.sleep?.seconds ?? NaN) + timeouts.drainMs / 1000;
  expect(pod?.terminationGracePeriodSeconds).toBeGreaterThan(seconds);
});

test("a pod is nobody in particular, may nothing in particular, and writes nowhere", () => {
  expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
  expect(pod?.securityContext?.seccompProfile).toEqual({ type: "RuntimeDefault" });
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    privileged: false,
    capabilities: { drop: ["ALL"] },
  });
});
