//! What other languages ask of estimators that they know by name.

use array_api_spec::{Array, ix, reference::Reference};
use ml_core::{
    AnySeen, ESTIMATORS, With, datasets, estimator_by_name, model_from_bytes, seen_from_bytes,
};

fn iris() -> (Array<Reference>, Array<Reference>) {
    let xp = array_api_spec::reference::namespace();
    datasets::load_iris(&xp).expect("room")
}

#[test]
fn what_is_known_beforehand_is_complete() {
    for name in ESTIMATORS {
        let estimator = estimator_by_name::<Reference>(name).expect("a name of the list");
        let about = estimator.about();
        assert_eq!(about.name, *name);
        let path: Vec<&str> = about.path.split("::").collect();
        assert_eq!(path[0], "ml_core", "{name}");
        assert!(about.doc.contains("scikit-learn"), "{name}: {}", about.doc);
        let names: Vec<String> = estimator.get_params().into_iter().map(|(n, _)| n).collect();
        assert_eq!(
            about.parameters.iter().map(|p| p.name).collect::<Vec<_>>(),
            names,
            "{name}"
        );
        for parameter in about.parameters {
            assert!(!parameter.doc.trim().is_empty() && !parameter.of.is_empty());
        }
        // The attributes that are listed are those that fits compute.
        let (x, y) = iris();
        let model = estimator.fit(&x, Some(&y), With::default()).expect(name);
        let parts = model.parts();
        let computed = parts.arrays.iter().map(|(name, _)| name);
        for computed in computed.chain(parts.values.keys()) {
            assert!(
                about.attributes.iter().any(|rule| rule.name == computed),
                "{name}: {computed}"
            );
        }
        assert_eq!(
            model.score(&x, Some(&y), None).is_ok(),
            about.has_score,
            "{name}"
        );
        assert_eq!(
            estimator.observe(&x, Some(&y), With::default()).is_ok(),
            about.is_incremental,
            "{name}"
        );
        estimator.check().expect("defaults are good");
    }
}

#[test]
fn models_go_through_bytes() {
    let ((x, y), xp) = (iris(), array_api_spec::reference::namespace());
    for name in ESTIMATORS {
        let estimator = estimator_by_name::<Reference>(name).expect("a name of the list");
        let model = estimator.fit(&x, Some(&y), With::default()).expect(name);
        let bytes = model.to_bytes().expect("room");
        let again = model_from_bytes(&bytes, &xp).expect(name);
        assert_eq!(format!("{again:?}"), format!("{model:?}"));
        let cut = model_from_bytes(&bytes[..bytes.len() - 1], &xp).expect_err(name);
        assert!(cut.to_string().contains("the bytes"), "{cut}");
        assert!(seen_from_bytes(&bytes, &xp).is_err(), "{name}");
    }
}

#[test]
fn what_was_seen_is_merged_and_goes_through_bytes() {
    let ((x, y), xp) = (iris(), array_api_spec::reference::namespace());
    let mut all: Vec<Box<dyn AnySeen<Reference>>> = Vec::new();
    for name in ESTIMATORS {
        let estimator = estimator_by_name::<Reference>(name).expect("a name of the list");
        let observe = |from: isize, to: isize| {
            let y = y.get(ix![from..to]).expect("within");
            estimator.observe(
                &x.get(ix![from..to]).expect("within"),
                Some(&y),
                With::default(),
            )
        };
        if !estimator.about().is_incremental {
            let error = observe(0, 150).expect_err(name).to_string();
            assert!(error.contains("fit to all of them together"), "{error}");
            continue;
        }
        let first = observe(0, 70).expect(name);
        let first = seen_from_bytes(&first.to_bytes().expect("room"), &xp).expect(name);
        let both = first.merged(&*observe(70, 150).expect(name)).expect(name);
        let (model, whole) = (
            both.conclude().expect(name),
            estimator.fit(&x, Some(&y), With::default()).expect(name),
        );
        for method in estimator.methods() {
            let (ours, theirs) = (model.call(*method, &x), whole.call(*method, &x));
            let (Ok(ours), Ok(theirs)) = (ours, theirs) else {
                continue;
            };
            let ours: Vec<f64> = ours.to_vec().expect("real values");
            let theirs: Vec<f64> = theirs.to_vec().expect("real values");
            for (a, b) in ours.iter().zip(&theirs) {
                let close = (a - b).abs() <= 1e-6 * (1.0 + b.abs());
                assert!(close, "{name}, {}: {a}, not {b}", method.name());
            }
        }
        all.push(both);
    }
    let mixed = all[0].merged(&*all[1]).expect_err("two estimators");
    assert!(mixed.to_string().contains("another estimator"), "{mixed}");
}
