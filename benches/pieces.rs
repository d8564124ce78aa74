//! The pieces of the hot path, timed: `cargo bench --bench pieces [-- NAME]`, or `just bench-pieces`.
//!
//! What they are and on what inputs says `contact::pieces`; `benches/counts` counts the instructions of the same ones.
#![allow(missing_docs)]

use contact::pieces;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pieces");
    for piece in pieces::all() {
        group.throughput(Throughput::Elements(piece.items()));
        // Inputs are of some hundred kilobytes: many at once would be measured out of the cache.
        group.bench_function(piece.name, |bencher| {
            bencher.iter_batched(|| piece.prepare(), |work| work(), BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, all);
criterion_main!(benches);
