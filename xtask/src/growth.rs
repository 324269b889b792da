//! How a figure grows with the number of nodes.

/// `value(N) = fixed + pair·N·(N−1)`: a part that is there once, and one for each ordered pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    pub(crate) fixed: f64,
    pub(crate) pair: f64,
}

impl Growth {
    /// The best fit to these (nodes, value), by least squares of the relative errors: the small labs count as much as
    /// the large ones. None when there are less than two different numbers of nodes, or a value is not positive.
    pub(crate) fn fit(points: &[(usize, f64)]) -> Option<Growth> {
        if points.iter().any(|(_, value)| *value <= 0.0) {
            return None;
        }
        // Weighted sums of 1, x, x², y and xy.
        let sums = points.iter().fold([0.0; 5], |sums, (nodes, y)| {
            let (x, weight) = (pairs(*nodes), 1.0 / (y * y));
            let add = [weight, weight * x, weight * x * x, weight * y, weight * x * y];
            std::array::from_fn(|index| sums[index] + add[index])
        });
        let [one, x, xx, y, xy] = sums;
        let denominator = one * xx - x * x;
        let first = points.first()?.0;
        if points.iter().all(|(nodes, _)| *nodes == first) || denominator == 0.0 {
            return None;
        }
        let pair = (one * xy - x * y) / denominator;
        Some(Growth { fixed: (y - pair * x) / one, pair })
    }

    /// What it says for so many nodes.
    pub(crate) fn at(self, nodes: usize) -> f64 {
        self.fixed + self.pair * pairs(nodes)
    }
}

/// With which power of the nodes a value grows between two points. None where they tell nothing: the same number of nodes,
/// or a value that is not positive.
pub(crate) fn exponent((few, small): (usize, f64), (many, large): (usize, f64)) -> Option<f64> {
    let told = few > 0 && many > few && small > 0.0 && large > 0.0;
    told.then(|| (large / small).ln() / (many as f64 / few as f64).ln())
}

/// The ordered pairs of so many nodes.
pub(crate) fn pairs(nodes: usize) -> f64 {
    let nodes = nodes as f64;
    nodes * (nodes - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_of_this_form_is_found_again() {
        let curve = Growth { fixed: 0.25, pair: 0.0125 };
        let points = [3, 10, 30, 100].map(|nodes| (nodes, curve.at(nodes)));
        let found = Growth::fit(&points).unwrap();
        assert!((found.fixed - 0.25).abs() < 1e-9 && (found.pair - 0.0125).abs() < 1e-9, "{found:?}");
        assert!((found.at(1000) - 12487.75).abs() < 1e-3);
    }

    #[test]
    fn a_square_is_told_from_a_line() {
        assert!((exponent((100, 2.0), (1000, 20.0)).unwrap() - 1.0).abs() < 1e-9);
        assert!((exponent((200, 0.5), (400, 2.0)).unwrap() - 2.0).abs() < 1e-9);
        for (one, other) in
            [((3, 1.0), (3, 2.0)), ((3, 0.0), (30, 2.0)), ((30, 1.0), (3, 2.0)), ((0, 1.0), (3, 1.0))]
        {
            assert_eq!(exponent(one, other), None);
        }
    }

    #[test]
    fn one_size_tells_no_growth() {
        assert_eq!(Growth::fit(&[]), None);
        assert_eq!(Growth::fit(&[(3, 1.0), (3, 2.0)]), None);
        assert_eq!(Growth::fit(&[(3, 0.0), (30, 2.0)]), None);
    }
}
