//! The contract of call-me: messages and gRPC clients, generated. All code in `src` is: see gen/README.md.

pub mod callme {
    pub mod v1 {
        include!("src/callme/v1/callme.v1.rs");
    }
}
