import { expect, test } from "vitest";
import { movedMetrics } from "../../src/demo/moved-metrics.ts";

const before = `# HELP ftp_alg_sessions_total Sessions
# TYPE ftp_alg_sessions_total counter
ftp_alg_sessions_total{gateway="demo",end="quit"} 0
ftp_alg_sessions_total{gateway="demo",end="idle"} 3
process_cpu_seconds_total 0.5
`;

test("a sample that changed or is new is shown with both values, and nothing else is", () => {
  const after = `ftp_alg_sessions_total{gateway="demo",end="quit"} 2
ftp_alg_sessions_total{gateway="demo",end="idle"} 3
ftp_alg_commands_total{gateway="demo",command="RETR"} 1
ftp_alg_transfer_seconds_bucket{le="1"} 7
ftp_alg_transfer_seconds_sum 0.25
ftp_alg_transfer_seconds_count 7
process_cpu_seconds_total 0.9
`;
  expect(movedMetrics(before, after)).toEqual([
    'ftp_alg_sessions_total{gateway="demo",end="quit"} 0 → 2',
    'ftp_alg_commands_total{gateway="demo",command="RETR"} 0 → 1',
    "ftp_alg_transfer_seconds_count 0 → 7",
  ]);
});
