// SPDX-License-Identifier: MIT
#include "ironkv/net/address.hpp"

#include <openssl/sha.h>

namespace quintet::ironkv {

EndPoint end_point_of_key(Bytes public_key) {
  EndPoint digest(SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const unsigned char*>(public_key.data()), public_key.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace quintet::ironkv
