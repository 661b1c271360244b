// Local time: the times of the API, which are ISO 8601 in UTC, as the clock on the wall of whoever reads them.

/** Of an ISO time: `14:03:27`, with the day where it is not that of `now`: `11-27 14:03:27`. What is no time stays as it is. */
export type LocalTime = (iso: string) => string;

export function localTime(now: Date = new Date()): LocalTime {
  const two = (value: number): string => String(value).padStart(2, "0");
  return (iso) => {
    const time = new Date(iso);
    if (Number.isNaN(time.getTime())) return iso;
    const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
    if (time.toDateString() === now.toDateString()) return clock;
    return `${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
  };
}

/** The time of day, `14:03:27`. */
export function clockNow(): string {
  const now = new Date();
  return localTime(now)(now.toISOString());
}
