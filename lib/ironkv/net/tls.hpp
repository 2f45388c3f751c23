// SPDX-License-Identifier: MIT
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "ironkv/net/address.hpp"
#include "ironkv/net/identity.hpp"
#include "ironkv/net/stream.hpp"

struct ssl_ctx_st;  // what OpenSSL calls SSL_CTX

// Streams over TLS 1.2 or 1.3 in which both sides show a certificate. No authority vouches for
// these: a certificate is good if it is valid now and its key is the one expected. So
//   a dialer takes only the server's own key, under the server's own name;
//   an acceptor takes any RSA key, and that of a server only under that server's name.
// Threading: one thread.
namespace quintet::ironkv {

class TlsContext {
 public:
  // `servers` are those of the cluster; both have to live longer, and so has the context than its
  // streams.
  [[nodiscard]] static std::expected<std::unique_ptr<TlsContext>, std::string> create(
      const Identity& identity, const std::vector<ServerAddress>& servers);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // As make_plain_stream().
  [[nodiscard]] std::unique_ptr<Stream> accept(Channel& channel) const;
  [[nodiscard]] std::unique_ptr<Stream> connect(Channel& channel,
                                                const ServerAddress& server) const;

 private:
  TlsContext(ssl_ctx_st* context, const std::vector<ServerAddress>& servers)
      : context_(context), servers_(servers) {}

  ssl_ctx_st* context_;
  const std::vector<ServerAddress>& servers_;
};

}  // namespace quintet::ironkv
