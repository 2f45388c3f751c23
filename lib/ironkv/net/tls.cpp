// SPDX-License-Identifier: MIT
#include "ironkv/net/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace quintet::ironkv {
namespace {

// --- What is below OpenSSL, as a BIO.

// Takes what is written also while the channel does not: OpenSSL cannot write its own messages, as
// an answer to new keys, while a record of ours waits, and ends the connection then.
class Wire {
 public:
  explicit Wire(Channel& channel) : channel_(channel) {}

  [[nodiscard]] Channel& channel() const { return channel_; }
  [[nodiscard]] bool has_unsent() const { return from_ < unsent_.size(); }
  // Returns false if the channel has failed, or too much waits: then it has failed, too.
  bool write(Bytes bytes) {
    if (!has_unsent()) {
      const IoResult result = channel_.write(bytes);
      if (result.state == IoState::kDone) bytes = bytes.subspan(result.bytes);
      if (result.state == IoState::kFailed || result.state == IoState::kClosed) return false;
    }
    unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
    return unsent_.size() - from_ <= kMostUnsent;
  }
  // kDone: nothing waits any more.
  IoState flush() {
    while (has_unsent()) {
      const IoResult result = channel_.write(Bytes(unsent_).subspan(from_));
      if (result.state != IoState::kDone) return result.state;
      from_ += result.bytes;
    }
    if (from_ > 0) unsent_ = {};
    from_ = 0;
    return IoState::kDone;
  }

 private:
  // Two records of ours at most; the rest is for the answers to a flood of new keys.
  static constexpr std::size_t kMostUnsent = 128 << 10;

  Channel& channel_;
  std::vector<std::byte> unsent_;
  std::size_t from_ = 0;
};

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int write_bio(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const Bytes all(reinterpret_cast<const std::byte*>(bytes), static_cast<std::size_t>(size));
  return wire_of(bio).write(all) ? size : -1;
}
int read_bio(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const std::span space(reinterpret_cast<std::byte*>(bytes), static_cast<std::size_t>(size));
  const IoResult result = wire_of(bio).channel().read(space);
  if (result.state == IoState::kDone) return static_cast<int>(result.bytes);
  if (result.state == IoState::kWaitRead) BIO_set_retry_read(bio);
  if (result.state == IoState::kClosed) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return result.state == IoState::kClosed ? 0 : -1;
}
long control_bio(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO* new_bio(Wire& wire) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    BIO_meth_set_write(made, write_bio);
    BIO_meth_set_read(made, read_bio);
    BIO_meth_set_ctrl(made, control_bio);
    return made;
  }();
  BIO* const bio = BIO_new(method);
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  return bio;
}

// `error` is what the channel failed with, if it did.
std::string openssl_error(int error = 0) {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  if (reason != nullptr) return std::string("TLS: ") + reason;
  return error != 0 ? std::strerror(error) : "TLS: closed";
}

// --- The stream.

class TlsStream final : public Stream {
 public:
  TlsStream(SSL* ssl, Channel& channel, const std::vector<ServerAddress>& servers,
            const ServerAddress* expected)
      : wire_(channel), ssl_(ssl), servers_(servers), expected_(expected) {
    BIO* const bio = new_bio(wire_);
    SSL_set_bio(ssl, bio, bio);
  }
  ~TlsStream() override { SSL_free(ssl_); }
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  IoState handshake() override {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_);
    const IoState sent = wire_.flush();
    if (done != 1) {
      const IoState state = state_after(done);
      return state == IoState::kWaitRead && sent != IoState::kDone ? sent : state;
    }
    x509_st* const certificate = SSL_get0_peer_certificate(ssl_);
    error_ = judge(certificate);
    return error_.empty() ? IoState::kDone : IoState::kFailed;
  }
  [[nodiscard]] const std::vector<std::byte>* peer_key() const override { return &key_; }

  IoResult read(std::span<std::byte> space) override {
    ERR_clear_error();
    std::size_t bytes = 0;
    const int done = SSL_read_ex(ssl_, space.data(), space.size(), &bytes);
    if (done == 1) return {IoState::kDone, bytes};
    return {state_after(done)};
  }
  IoResult write(Bytes bytes) override {
    if (const IoState sent = flush(); sent != IoState::kDone) return {sent};
    ERR_clear_error();
    std::size_t written = 0;
    const int done = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &written);
    if (done == 1) return {IoState::kDone, written};
    return {state_after(done)};
  }
  [[nodiscard]] bool has_pending() const override {
    return SSL_has_pending(ssl_) == 1 || wire_.channel().has_pending();
  }
  IoState flush() override {
    const IoState sent = wire_.flush();
    if (sent == IoState::kFailed) error_ = openssl_error(wire_.channel().error());
    return sent;
  }
  [[nodiscard]] bool has_unsent() const override { return wire_.has_unsent(); }
  [[nodiscard]] std::string error() const override { return error_; }

 private:
  IoState state_after(int done) {
    switch (SSL_get_error(ssl_, done)) {
      case SSL_ERROR_WANT_READ:
        return IoState::kWaitRead;
      case SSL_ERROR_ZERO_RETURN:
        return IoState::kClosed;
      default:
        if (BIO_eof(SSL_get_rbio(ssl_))) return IoState::kClosed;
        error_ = openssl_error(wire_.channel().error());
        return IoState::kFailed;
    }
  }

  // What is wrong with the other side's certificate; empty if nothing is.
  std::string judge(x509_st* certificate) {
    if (certificate == nullptr) return "it shows no certificate";
    key_ = public_key_of(certificate);
    if (key_.empty()) return "its certificate is not of an RSA key";
    if (!is_valid_now(certificate)) return "its certificate has expired or is not valid yet";
    const ServerAddress* is = expected_;
    if (is != nullptr && key_ != is->public_key) return "it has another key than the service file";
    if (is == nullptr) {
      const auto known = std::ranges::find(servers_, key_, &ServerAddress::public_key);
      if (known != servers_.end()) is = &*known;
    }
    if (is != nullptr && common_name_of(certificate) != is->name) {
      return "its certificate is not of the name " + is->name;
    }
    return {};
  }

  Wire wire_;
  SSL* ssl_;
  const std::vector<ServerAddress>& servers_;
  const ServerAddress* expected_;  // by a dialer
  std::vector<std::byte> key_;
  std::string error_;
};

}  // namespace

std::expected<std::unique_ptr<TlsContext>, std::string> TlsContext::create(
    const Identity& identity, const std::vector<ServerAddress>& servers) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(TLS_method());
  if (context == nullptr) return std::unexpected(openssl_error());
  std::unique_ptr<TlsContext> made(new TlsContext(context, servers));
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_use_certificate(context, identity.certificate()) != 1 ||
      SSL_CTX_use_PrivateKey(context, identity.key()) != 1) {
    return std::unexpected("the identity cannot be used: " + openssl_error());
  }
  // Both sides show one; judge() says which are good, as no chain leads anywhere.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     [](int, X509_STORE_CTX*) { return 1; });
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);  // frames tell what is whole
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);  // a record with one system call instead of two
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::unique_ptr<Stream> TlsContext::accept(Channel& channel) const {
  SSL* const ssl = SSL_new(context_);
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsStream>(ssl, channel, servers_, nullptr);
}

std::unique_ptr<Stream> TlsContext::connect(Channel& channel, const ServerAddress& server) const {
  SSL* const ssl = SSL_new(context_);
  SSL_set_tlsext_host_name(ssl, server.name.c_str());
  SSL_set_connect_state(ssl);
  return std::make_unique<TlsStream>(ssl, channel, servers_, &server);
}

}  // namespace quintet::ironkv
