"""Turns the runs of a comparison into figures, ratios and a table."""

import statistics


class Figure:
    """One line of the table. `aim`: the ratio of Orloj to Kafka is to be at most this, or, where
    there is no Kafka, Orloj's own value."""

    def __init__(self, title, load, name, *, unit, aim=None, scale=1.0, kafka_load=None,
                 only_orloj=False):
        self.title = title
        self.load = load
        self.name = name
        self.unit = unit
        self.aim = aim
        self.scale = scale
        self.kafka_load = None if only_orloj else kafka_load or load

    def values(self, runs, broker):
        load = self.kafka_load if broker == "kafka" else self.load
        return [run["loads"][load][self.name] * self.scale for run in runs
                if run["broker"] == broker and load in run["loads"]]


MS = 0.001  # of microseconds
FIGURES = [
    Figure("produce, 64 records of 1 KiB a batch: broker CPU", "produce",
           "broker_cpu_seconds_per_gb", unit="s/GB", aim=0.5),
    Figure("produce: throughput on one core", "produce", "mb_per_second", unit="MB/s"),
    Figure("one record of 100 B a request, 1,000 connections: broker CPU", "one_record",
           "broker_cpu_us_per_request", unit="µs each", aim=0.5),
    Figure("one record a request: throughput on one core", "one_record", "requests_per_second",
           unit="/s"),
    Figure("fetch, in the page cache: broker CPU", "fetch", "broker_cpu_seconds_per_gb",
           unit="s/GB", aim=1.0),
    Figure("fetch: throughput on one core", "fetch", "mb_per_second", unit="MB/s"),
    Figure("1,000 records/s of 1 KiB: acknowledged, p50", "end_to_end", "ack_p50_us", unit="ms",
           scale=MS),
    Figure("1,000 records/s: acknowledged, p99", "end_to_end", "ack_p99_us", unit="ms", scale=MS),
    Figure("1,000 records/s: end to end, p50", "end_to_end", "end_to_end_p50_us", unit="ms",
           scale=MS),
    Figure("1,000 records/s: end to end, p99", "end_to_end", "end_to_end_p99_us", unit="ms",
           scale=MS, aim=0.5),
    Figure("resident memory, idle", "idle", "resident_mb", unit="MB", aim=0.1),
    Figure("resident memory, after the loads", "loaded", "resident_mb", unit="MB"),
    Figure("exec to first acknowledged record", "start", "first_ack_ms", unit="ms", aim=0.1),
    Figure("on stable storage (Kafka: not) produce: broker CPU", "produce_sync",
           "broker_cpu_seconds_per_gb", unit="s/GB", kafka_load="produce"),
    Figure("on stable storage (Kafka: not) produce: throughput", "produce_sync", "mb_per_second",
           unit="MB/s", kafka_load="produce"),
    Figure("on stable storage (Kafka: not) end to end, p50", "end_to_end_sync",
           "end_to_end_p50_us", unit="ms", scale=MS, kafka_load="end_to_end"),
    Figure("on stable storage (Kafka: not) end to end, p99", "end_to_end_sync",
           "end_to_end_p99_us", unit="ms", scale=MS, kafka_load="end_to_end"),
    Figure("1,000 fires/s over 100,000 pending: lateness, p50", "fire", "lateness_p50_us",
           unit="ms", scale=MS, only_orloj=True),
    Figure("1,000 fires/s over 100,000 pending: lateness, p99", "fire", "lateness_p99_us",
           unit="ms", scale=MS, aim=10.0, only_orloj=True),
    Figure("fired early", "fire", "fired_early", unit="records", aim=0, only_orloj=True),
    Figure("broker CPU of a firing", "fire", "broker_cpu_us_per_request", unit="µs each",
           only_orloj=True),
    Figure("scheduled records accepted", "fire", "accepted_per_second", unit="/s",
           only_orloj=True),
]


def figures_of(runs):
    """One dictionary a figure: the median of each broker, every value, the ratio, the aim."""
    found = []
    for figure in FIGURES:
        entry = {"figure": figure.title, "unit": figure.unit, "aim": figure.aim,
                 "kafka_runs": figure.values(runs, "kafka") if figure.kafka_load else [],
                 "orloj_runs": figure.values(runs, "orloj")}
        for broker in ("kafka", "orloj"):
            values = entry[f"{broker}_runs"]
            entry[broker] = statistics.median(values) if values else None
        if entry["orloj"] is None:
            continue
        entry["ratio"] = entry["orloj"] / entry["kafka"] if entry["kafka"] else None
        judged = entry["orloj"] if entry["kafka"] is None else entry["ratio"]
        entry["met"] = None if figure.aim is None else judged <= figure.aim
        found.append(entry)
    return found


def number(value):
    if value is None:
        return ""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def markdown(result):
    where = result["machine"]
    versions = result["versions"]
    lines = [
        f"{where['date']}, {versions['orloj']} (revision {where['revision']}) and Apache Kafka "
        f"{versions['kafka']} ({versions['java']}) on {where['cores']} cores of "
        f"{where['processor']}, {where['memory_gb']} GB, {where['system']}, Linux "
        f"{where['kernel']}. Medians of two interleaved runs.",
        "",
    ]
    if not result["quiet"]:
        lines += [f"The machine was busy with other things before the run "
                  f"({result['busy_before']:.0%}): times and throughputs mean little, processor "
                  "time still does.", ""]
    lines += ["| figure | unit | Kafka | Orloj | Orloj / Kafka | aim | met |",
              "|---|---|---:|---:|---:|---:|---|"]
    for entry in result["figures"]:
        aim = "" if entry["aim"] is None else f"≤ {entry['aim']:g}"
        met = {None: "", True: "yes", False: "**no**"}[entry["met"]]
        lines.append(f"| {entry['figure']} | {entry['unit']} | {number(entry['kafka'])} | "
                     f"{number(entry['orloj'])} | {number(entry['ratio'])} | {aim} | {met} |")
    return "\n".join(lines) + "\n"
