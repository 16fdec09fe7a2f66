// Small builders of metric families.
#pragma once

#include <prometheus/metric_family.h>

#include <span>
#include <string>
#include <vector>

namespace orloj::broker {

using Labels = std::vector<prometheus::ClientMetric::Label>;

prometheus::MetricFamily counter_family(std::string name, std::string help);
prometheus::MetricFamily gauge_family(std::string name, std::string help);
prometheus::MetricFamily histogram_family(std::string name, std::string help);

void add(prometheus::MetricFamily& family, double value, Labels labels = {});

// `counts` are per bucket, not cumulative, and hold one more than `upper_bounds`: what lies above
// the last.
struct HistogramData {
  std::vector<double> upper_bounds;
  std::vector<std::uint64_t> counts;
  double sum = 0;
};
void add(prometheus::MetricFamily& family, const HistogramData& data, Labels labels = {});

}  // namespace orloj::broker
