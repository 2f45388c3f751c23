// SPDX-License-Identifier: MIT
#include "ironkv/net/address.hpp"

#include "ironkv/net/identity.hpp"

namespace quintet::ironkv {

EndPoint end_point_of_key(Bytes public_key) {
  const Sha256 digest = end_point_of(public_key);
  return {digest.begin(), digest.end()};
}

}  // namespace quintet::ironkv
