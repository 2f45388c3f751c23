// SPDX-License-Identifier: MIT
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "support.hpp"

// The row barnes: the gravity of many bodies by the method of Barnes and Hut, an octree whose cells
// stand for what is far away. All memory is taken in some twenty blocks at the start, so what the
// row shows of an allocator is where it puts them.
namespace quintet::workloads {
namespace {

constexpr std::uint64_t kBodies = 163'840;
constexpr int kSteps = 4;
constexpr double kTimeStep = 0.025;
constexpr double kSofteningSquared = 0.05 * 0.05;
constexpr double kOpening = 1.0;  // a cell of this size at distance 1 is opened no more
constexpr int kMaxDepth = 60;

struct Vector {
  double x = 0;
  double y = 0;
  double z = 0;
};

Vector operator+(Vector a, Vector b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
Vector operator-(Vector a, Vector b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
Vector operator*(double s, Vector v) { return {s * v.x, s * v.y, s * v.z}; }
double square(Vector v) { return v.x * v.x + v.y * v.y + v.z * v.z; }

// What a cell's octant holds: nothing, a body, or a cell.
using Link = std::int32_t;
constexpr Link kNothing = -1;
constexpr Link body_link(std::size_t body) { return -2 - static_cast<Link>(body); }
constexpr bool is_body(Link link) { return link < kNothing; }
constexpr std::size_t body_of(Link link) { return static_cast<std::size_t>(-2 - link); }
constexpr std::size_t cell_of(Link link) { return static_cast<std::size_t>(link); }

class Galaxy {
 public:
  explicit Galaxy(std::size_t bodies);
  void step();
  [[nodiscard]] std::uint64_t checksum() const;
  /// Cells opened and bodies met since the start.
  [[nodiscard]] std::uint64_t interactions() const { return interactions_; }

 private:
  void place(std::size_t body, Random& random);
  void build();
  void insert(std::size_t body);
  std::size_t new_cell(Vector centre, double half);
  [[nodiscard]] unsigned octant(std::size_t cell, Vector at) const;
  void summarize(std::size_t cell);
  void list_bodies();
  void attract(std::size_t body);

  std::vector<Vector> position_, velocity_, acceleration_, old_acceleration_;
  std::vector<double> mass_, potential_;
  std::vector<std::uint32_t> met_;  // how many terms a body's force had
  std::vector<std::array<Link, 8>> octants_;
  std::vector<Vector> cell_centre_, cell_mass_centre_;
  std::vector<double> cell_half_, cell_mass_, cell_opens_within_;
  std::vector<std::uint32_t> cell_bodies_;
  std::vector<Link> stack_;
  std::vector<std::uint32_t> order_;  // the bodies as the tree has them: neighbours in turn
  std::size_t cells_ = 0;
  std::uint64_t interactions_ = 0;
};

Galaxy::Galaxy(std::size_t bodies)
    : position_(bodies),
      velocity_(bodies),
      acceleration_(bodies),
      old_acceleration_(bodies),
      mass_(bodies, 1.0 / static_cast<double>(bodies)),
      potential_(bodies),
      met_(bodies),
      octants_(bodies + 64),
      cell_centre_(bodies + 64),
      cell_mass_centre_(bodies + 64),
      cell_half_(bodies + 64),
      cell_mass_(bodies + 64),
      cell_opens_within_(bodies + 64),
      cell_bodies_(bodies + 64),
      stack_(8 * kMaxDepth + 8),
      order_(bodies) {
  Random random(1);
  for (std::size_t i = 0; i < bodies; ++i) place(i, random);
}

// Plummer's model: a ball that is dense in the middle, cut off at its 99.9th part.
void Galaxy::place(std::size_t body, Random& random) {
  const auto direction = [&](double length) {
    for (;;) {
      const Vector v{2 * random.unit() - 1, 2 * random.unit() - 1, 2 * random.unit() - 1};
      const double s = square(v);
      if (s <= 1 && s > 1e-6) return (length / std::sqrt(s)) * v;
    }
  };
  const double radius = 1 / std::sqrt(std::pow(0.999 * random.unit() + 1e-9, -2.0 / 3) - 1);
  double q = 0;
  double chance = 0;
  do {  // the share q of the escape velocity has the density q^2 (1 - q^2)^3.5, below 0.1
    q = random.unit();
    chance = 0.1 * random.unit();
  } while (chance > q * q * std::pow(1 - q * q, 3.5));
  position_[body] = direction(radius);
  velocity_[body] = direction(q * std::sqrt(2.0) * std::pow(1 + radius * radius, -0.25));
}

std::size_t Galaxy::new_cell(Vector centre, double half) {
  if (cells_ == octants_.size()) fail("the tree has more cells than bodies");
  octants_[cells_].fill(kNothing);
  cell_centre_[cells_] = centre;
  cell_half_[cells_] = half;
  return cells_++;
}

unsigned Galaxy::octant(std::size_t cell, Vector at) const {
  const Vector& centre = cell_centre_[cell];
  return (at.x > centre.x ? 1U : 0U) | (at.y > centre.y ? 2U : 0U) | (at.z > centre.z ? 4U : 0U);
}

void Galaxy::insert(std::size_t body) {
  const Vector at = position_[body];
  std::size_t cell = 0;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    Link& link = octants_[cell][octant(cell, at)];
    if (link == kNothing) {
      link = body_link(body);
      return;
    }
    if (is_body(link)) {  // both go into a new cell
      const std::size_t other = body_of(link);
      const double half = cell_half_[cell] / 2;
      const Vector& centre = cell_centre_[cell];
      const std::size_t inner = new_cell(
          {centre.x + (at.x > centre.x ? half : -half), centre.y + (at.y > centre.y ? half : -half),
           centre.z + (at.z > centre.z ? half : -half)},
          half);
      octants_[inner][octant(inner, position_[other])] = body_link(other);
      link = static_cast<Link>(inner);
    }
    cell = cell_of(link);
  }
  fail("two bodies are at one place");
}

// A cell's inner cells have higher numbers, so this goes from the last cell to the first.
void Galaxy::summarize(std::size_t cell) {
  Vector sum;
  double mass = 0;
  std::uint32_t bodies = 0;
  for (const Link link : octants_[cell]) {
    if (link == kNothing) continue;
    const double part = is_body(link) ? mass_[body_of(link)] : cell_mass_[cell_of(link)];
    sum =
        sum + part * (is_body(link) ? position_[body_of(link)] : cell_mass_centre_[cell_of(link)]);
    mass += part;
    bodies += is_body(link) ? 1 : cell_bodies_[cell_of(link)];
  }
  cell_mass_[cell] = mass;
  cell_bodies_[cell] = bodies;
  cell_mass_centre_[cell] = (1 / mass) * sum;
  const double within = 2 * cell_half_[cell] / kOpening;
  cell_opens_within_[cell] = within * within;
}

void Galaxy::build() {
  double half = 1;
  for (const Vector& at : position_) {
    while (std::abs(at.x) > half || std::abs(at.y) > half || std::abs(at.z) > half) half *= 2;
  }
  cells_ = 0;
  (void)new_cell({}, half);
  for (std::size_t i = 0; i < position_.size(); ++i) insert(i);
  for (std::size_t i = cells_; i > 0; --i) summarize(i - 1);
  verify(cell_bodies_[0] == position_.size());
  list_bodies();
}

void Galaxy::list_bodies() {
  std::size_t listed = 0;
  std::size_t waiting = 0;
  stack_[waiting++] = 0;
  while (waiting != 0) {
    const Link link = stack_[--waiting];
    if (is_body(link)) {
      order_[listed++] = static_cast<std::uint32_t>(body_of(link));
      continue;
    }
    for (const Link inner : octants_[cell_of(link)]) {
      if (inner != kNothing) stack_[waiting++] = inner;
    }
  }
}

void Galaxy::attract(std::size_t body) {
  const Vector at = position_[body];
  Vector force;
  double potential = 0;
  std::uint32_t met = 0;
  std::size_t waiting = 0;
  stack_[waiting++] = 0;
  while (waiting != 0) {
    const Link link = stack_[--waiting];
    if (link == body_link(body)) continue;
    const bool single = is_body(link);
    const Vector way = (single ? position_[body_of(link)] : cell_mass_centre_[cell_of(link)]) - at;
    const double distance = square(way);
    if (!single && distance < cell_opens_within_[cell_of(link)]) {
      for (const Link inner : octants_[cell_of(link)]) {
        if (inner != kNothing) stack_[waiting++] = inner;
      }
      continue;
    }
    const double mass = single ? mass_[body_of(link)] : cell_mass_[cell_of(link)];
    const double softened = distance + kSofteningSquared;
    const double pull = mass / std::sqrt(softened);
    potential -= pull;
    force = force + (pull / softened) * way;
    ++met;
  }
  acceleration_[body] = force;
  potential_[body] = potential;
  met_[body] = met;
}

// A leapfrog's step. All forces come before the first move.
void Galaxy::step() {
  build();
  acceleration_.swap(old_acceleration_);
  for (const std::uint32_t body : order_) attract(body);
  for (std::size_t i = 0; i < position_.size(); ++i) {
    interactions_ += met_[i];
    velocity_[i] = velocity_[i] + kTimeStep * (0.5 * (acceleration_[i] + old_acceleration_[i]));
    position_[i] = position_[i] + kTimeStep * velocity_[i];
  }
}

std::uint64_t Galaxy::checksum() const {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < position_.size(); ++i) {
    sum += mix(std::bit_cast<std::uint64_t>(position_[i].x) ^
               mix(std::bit_cast<std::uint64_t>(potential_[i])));
  }
  return sum;
}

Outcome work(const Flags& flags) {
  Galaxy galaxy(flags.scaled(kBodies));
  for (int step = 0; step < kSteps; ++step) galaxy.step();
  return {.checksum = galaxy.checksum(), .operations = galaxy.interactions()};
}

}  // namespace
}  // namespace quintet::workloads

int main(int argc, char** argv) {
  using namespace quintet::workloads;
  return run({"barnes", "gravity by the method of Barnes and Hut, in twenty blocks of memory.",
              Threads::kOne, work},
             argc, argv);
}
